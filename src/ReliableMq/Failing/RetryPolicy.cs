namespace ReliableMq.Failing;

/// <summary>The delays before each further attempt; one attempt more than there are delays.</summary>
internal sealed record RetryPolicy(IReadOnlyList<TimeSpan> Delays);
