namespace ReliableMq.Failing;

/// <summary>What a handler decided about its message by itself.</summary>
internal abstract record HandlerVerdict(string Reason)
{
    /// <summary>No handler can make a loop without a delay.</summary>
    public static readonly TimeSpan ShortestDelay = TimeSpan.FromMilliseconds(100);

    public static readonly TimeSpan LongestDelay = TimeSpan.FromDays(365);

    /// <summary>Once more after a delay, which is no failure.</summary>
    public sealed record RetryAfter(TimeSpan Delay) : HandlerVerdict($"The handler asked for another attempt in {Delay}.");

    /// <summary>An operator decides.</summary>
    public sealed record DeadLetter(string Reason) : HandlerVerdict(Reason);

    /// <summary>Never handled, kept to be seen.</summary>
    public sealed record Discard(string Reason) : HandlerVerdict(Reason);
}

/// <summary>Leaves the handler with its verdict.</summary>
internal sealed class HandlerVerdictException(HandlerVerdict verdict) : ReliableMqException(verdict.Reason)
{
    public HandlerVerdict Verdict => verdict;
}
