namespace ReliableMq;

/// <summary>
/// How long is kept what operators have done with: section <c>ReliableMq:DeadLetters</c>. What waits for an operator is
/// kept until one decides, but for further copies of a message that was handled, which the inbox forgets with it.
/// </summary>
public sealed class DeadLetterOptions
{
    /// <summary>
    /// How long a dead letter that was replayed, and the record of a replay of many, are kept. One whose copy is still on
    /// its way stays.
    /// </summary>
    /// <value>Default: 30 days. From 1 hour to 10 years.</value>
    public TimeSpan KeepReplayed { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long the audit is kept: who did what.</summary>
    /// <value>Default: 365 days. From 1 day to 10 years.</value>
    public TimeSpan KeepAudit { get; set; } = TimeSpan.FromDays(365);
}
