using System.Globalization;

namespace ReliableMq.Failing;

/// <summary>How patiently a queue tries again.</summary>
/// <param name="Delays">Before each further attempt; one attempt more than there are delays.</param>
internal sealed record RetryPolicy(IReadOnlyList<TimeSpan> Delays)
{
    public const int MaxDelays = 100;

    /// <summary>
    /// How far doubling delays are spread, so that what failed together does not come back together. As in gRPC's
    /// connection back-off (https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md): enough for that, and a
    /// reader of the setting still knows the delays.
    /// </summary>
    public const double JitterOfDoubling = 0.2;

    /// <summary>The share of each delay by which it may be longer or shorter. A list is what it says.</summary>
    public double Jitter { get; init; }

    /// <summary>No attempt begins later than this after the first failure; null for no limit.</summary>
    public TimeSpan? For { get; init; }

    /// <summary>How long a message that no handler takes is deferred.</summary>
    public TimeSpan DeferUnknown { get; init; }

    /// <summary>Reads <c>"1s, 10s, 1m"</c> and <c>"1s..10m x12"</c>.</summary>
    public static bool TryParse(string text, out RetryPolicy policy)
    {
        policy = new RetryPolicy([]);
        if (!text.Contains("..", StringComparison.Ordinal))
        {
            if (!Duration.TryParseList(text, out var list) || list.Length > MaxDelays)
            {
                return false;
            }

            policy = new RetryPolicy(list);
            return true;
        }

        if (text.Split('x') is not [var range, var count]
            || !Duration.TryParseRange(range, out var first, out var longest)
            || !int.TryParse(count, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number) || number is < 1 or > MaxDelays)
        {
            return false;
        }

        policy = new RetryPolicy([.. Enumerable.Range(0, number).Select(doublings => Doubled(first, longest, doublings))]) { Jitter = JitterOfDoubling };
        return true;
    }

    private static TimeSpan Doubled(TimeSpan first, TimeSpan longest, int doublings) =>
        TimeSpan.FromMilliseconds(Math.Min(first.TotalMilliseconds * Math.Pow(2, doublings), longest.TotalMilliseconds));

    /// <param name="attempt">The attempt that failed, from 1.</param>
    /// <param name="random">From 0 to 1.</param>
    /// <returns>The delay before the next; null when there is none.</returns>
    public TimeSpan? DelayAfter(int attempt, double random) =>
        attempt <= Delays.Count ? TimeSpan.FromMilliseconds(Math.Round(Delays[attempt - 1].TotalMilliseconds * (1 + Jitter * (2 * random - 1)))) : null;
}
