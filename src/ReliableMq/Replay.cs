namespace ReliableMq;

/// <summary>What is to be changed about a message that is replayed.</summary>
public sealed record ReplayOptions
{
    /// <summary>Another body, where the old one was the trouble.</summary>
    /// <value>Default: null, as it came.</value>
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>Headers to set; null removes one. The library's own (<c>x-reliable-mq-…</c>) cannot be changed.</summary>
    public IReadOnlyDictionary<string, string?> Headers { get; init; } = new Dictionary<string, string?>();

    /// <summary>
    /// Whether it may be older than what the inbox remembers: if it was handled long ago after all, it is handled
    /// twice.
    /// </summary>
    /// <value>Default: false.</value>
    public bool BeyondHorizon { get; init; }
}

/// <summary>How many messages are replayed.</summary>
public sealed record ReplayManyOptions
{
    /// <summary>How many are sent in a second at most.</summary>
    /// <value>Default: 100. From 1 to 10,000.</value>
    public int PerSecond { get; init; } = 100;

    /// <inheritdoc cref="ReplayOptions.BeyondHorizon"/>
    public bool BeyondHorizon { get; init; }
}

/// <summary>Names a replay of many.</summary>
/// <param name="Inbox">The context or data source whose dead letters they are.</param>
/// <param name="Number">Its number there.</param>
public sealed record ReplayId(string Inbox, long Number);

/// <summary>A replay of many, and how far it is.</summary>
public sealed record Replay
{
    /// <summary>What names it.</summary>
    public required ReplayId Id { get; init; }

    /// <summary>Who asked for it.</summary>
    public required string Who { get; init; }

    /// <summary>When, by the database's clock.</summary>
    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>How many were sent.</summary>
    public required long Replayed { get; init; }

    /// <summary>How many were refused; they are left as they were.</summary>
    public required long Refused { get; init; }

    /// <summary>Why the last of these was refused.</summary>
    public string? Refusal { get; init; }

    /// <summary>When it was through, or was cancelled; null while it goes on.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Whether it was cancelled.</summary>
    public required bool IsCancelled { get; init; }
}
