namespace ReliableMq.TestSupport;

/// <summary>How many messages of a queue wait, and how many are delivered but not settled.</summary>
public sealed record QueueCounts(long Ready, long Unacked);
