namespace ReliableMq.Outbox;

/// <summary>A row that this process holds: what to publish, and until when it may.</summary>
internal sealed record OutboxRow
{
    public required Guid Id { get; init; }

    /// <summary>The fencing token: whoever claims the row raises it, and only its holder may finish the row.</summary>
    public required long Fence { get; init; }

    public required string MessageId { get; init; }
    public required string Name { get; init; }
    public required string Exchange { get; init; }
    public required string RoutingKey { get; init; }
    public required string ContentType { get; init; }
    public required string? Headers { get; init; }

    /// <summary>Null where it is large: then it is read when it is published.</summary>
    public required byte[]? Body { get; init; }

    public required string? CorrelationId { get; init; }
    public required string? CausationId { get; init; }
    public required string? TraceParent { get; init; }
    public required string? ReplyTo { get; init; }
    public required byte? Priority { get; init; }

    public required string? OrderingKey { get; init; }

    /// <summary>Whether it has its place in the order of its key; a scheduled one gets it when it is due.</summary>
    public required bool IsOrdered { get; init; }

    public required DateTimeOffset? DueAt { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Whether its time was over when the database answered.</summary>
    public required bool IsExpired { get; init; }

    public required int Attempts { get; init; }

    /// <summary>What remained of the lease when the database answered.</summary>
    public required TimeSpan Remaining { get; init; }

    /// <summary>The lease of its key, for a row that was read with it; it stands for the row's own.</summary>
    public KeyLease? Key { get; init; }
}

/// <summary>An ordering key that this process holds, with the token of this claim.</summary>
internal readonly record struct KeyLease(string OrderingKey, Guid Token);
