namespace ReliableMq;

/// <summary>How stored messages are sent: section <c>ReliableMq:Outbox</c>.</summary>
public sealed class OutboxOptions
{
    /// <summary>
    /// How long a process owns the rows it is sending. Rows of a process that died are taken over when it
    /// runs out.
    /// </summary>
    /// <value>Default: 30 seconds. From 10 seconds to 10 minutes.</value>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the database is asked for rows that this process was not told of.</summary>
    /// <value>Default: 5 seconds. From 100 milliseconds to 1 minute.</value>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many rows one statement takes or finishes.</summary>
    /// <value>Default: 500. From 1 to 10,000.</value>
    public int BatchSize { get; set; } = 500;

    /// <summary>How many messages may wait for the broker's confirm at once.</summary>
    /// <value>Default: 1,000. From 1 to 30,000.</value>
    public int MaxUnconfirmed { get; set; } = 1_000;

    /// <summary>
    /// The schedule of the resend that sweeps the whole outbox for due rows, a net under the poll.
    /// </summary>
    /// <value>Default: 1 minute. From 1 second to 1 day.</value>
    public TimeSpan ResendInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How often a message is tried that the broker refuses because of the message itself, such as one that is
    /// too large for it. Then it waits, as failed, for an operator, and an alert is raised.
    /// </summary>
    /// <value>Default: 10. From 1 to 1,000.</value>
    public int MaxAttempts { get; set; } = 10;

    /// <summary>
    /// How often a message is tried that no queue takes, that a queue refuses, or that is not confirmed in
    /// time. The tries begin a second apart and double, to one minute (no queue) or five. A message that waits here is
    /// not lost.
    /// </summary>
    /// <value>Default: 0, which means for ever. Up to 1,000,000.</value>
    public int MaxUndeliverableAttempts { get; set; }

    /// <summary>How long sent, expired and cancelled messages are kept in the history before they are removed.</summary>
    /// <value>Default: 7 days. From 1 minute to 10 years.</value>
    public TimeSpan KeepSent { get; set; } = TimeSpan.FromDays(7);
}
