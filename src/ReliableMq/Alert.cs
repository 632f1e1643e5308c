namespace ReliableMq;

/// <summary>
/// Trouble that an operator should hear of: everything alike that was raised since the alert opened.
/// </summary>
public sealed record Alert
{
    /// <summary>The alert's id in the table <c>alert</c>. A telling that is repeated has the same.</summary>
    public required long Id { get; init; }

    /// <summary>The service that raised it, as in <see cref="ReliableMqOptions.Service"/>.</summary>
    public required string Service { get; init; }

    /// <summary>What kind of trouble, such as <c>outbox-failed</c> or <c>dead-letter</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>What it is about within its kind, such as a queue and a type of exception.</summary>
    public required string Group { get; init; }

    /// <summary>How bad it is.</summary>
    public required AlertSeverity Severity { get; init; }

    /// <summary>The trouble in one sentence, by its newest case.</summary>
    public required string Text { get; init; }

    /// <summary>How often it was raised since the alert opened.</summary>
    public required long Count { get; init; }

    /// <summary>How often of these this sink has not been told yet; at least 1.</summary>
    public required long NewCount { get; init; }

    /// <summary>Which telling of this alert it is, from 1.</summary>
    public required int Telling { get; init; }

    /// <summary>When it was raised first, by the database's clock.</summary>
    public required DateTimeOffset FirstRaisedAt { get; init; }

    /// <summary>When it was raised last, by the database's clock.</summary>
    public required DateTimeOffset LastRaisedAt { get; init; }

    /// <summary>Some of the newest cases, newest first; at most 10.</summary>
    public required IReadOnlyList<AlertExample> Examples { get; init; }
}

/// <summary>One case of an <see cref="Alert"/>.</summary>
/// <param name="MessageId">The message concerned.</param>
/// <param name="Reason">What happened to it.</param>
public sealed record AlertExample(string? MessageId, string? Reason);

/// <summary>How bad an <see cref="Alert"/> is.</summary>
public enum AlertSeverity
{
    /// <summary>It should be looked at.</summary>
    Warning = 1,

    /// <summary>Something waits for a decision and will not go on by itself.</summary>
    Error = 2,
}
