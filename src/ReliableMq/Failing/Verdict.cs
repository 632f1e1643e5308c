namespace ReliableMq.Failing;

/// <summary>What a failed attempt leads to.</summary>
internal abstract record Verdict
{
    /// <summary>Another attempt after a delay.</summary>
    public sealed record Retry(TimeSpan Delay) : Verdict;

    /// <summary>No further attempt: an operator decides.</summary>
    public sealed record DeadLetter(string Reason) : Verdict;

    /// <summary>Never handled: kept among the dead letters, and nobody is told.</summary>
    public sealed record Discard(string Reason) : Verdict;
}
