namespace ReliableMq.Receiving;

/// <summary>How long RabbitMQ 4.3 keeps a delivery back that was rejected to its queue: the n-th time n times the shortest delay.</summary>
/// <param name="Shortest">After the first time.</param>
/// <param name="Longest">However often.</param>
internal sealed record DelayedRetry(TimeSpan Shortest, TimeSpan Longest)
{
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(100), Most = TimeSpan.FromSeconds(30);

    public static bool TryParse(string text, out DelayedRetry? delays)
    {
        delays = Duration.TryParseRange(text, out var shortest, out var longest) && shortest >= Least && longest <= Most ? new(shortest, longest) : null;
        return delays is not null;
    }

    /// <param name="returns">How often it was returned before, by the broker's count.</param>
    public TimeSpan After(int returns) => Shortest * (returns + 1.0) is var delay && delay < Longest ? delay : Longest;
}
