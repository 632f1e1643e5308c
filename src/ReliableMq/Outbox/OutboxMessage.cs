namespace ReliableMq.Outbox;

/// <summary>A message as it is stored: everything that its publish needs, decided when it was added.</summary>
internal sealed record OutboxMessage
{
    /// <summary>The row's own id. Also the message's, where nobody gave it another, which may come twice.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7();

    public required string MessageId { get; init; }
    public required string Name { get; init; }
    public required string Exchange { get; init; }
    public required string RoutingKey { get; init; }
    public required string ContentType { get; init; }
    public required byte[] Body { get; init; }

    /// <summary>The message's headers as JSON, see <see cref="Broker.HeaderJson"/>; null when there are none.</summary>
    public string? Headers { get; init; }

    public string? CorrelationId { get; init; }
    public string? CausationId { get; init; }
    public string? TraceParent { get; init; }

    public string? ReplyTo { get; init; }
    public byte? Priority { get; init; }
    public string? OrderingKey { get; init; }

    /// <summary>Not to be sent before; null means at once.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>Not to be sent before this time has passed by the database's clock; null means at once.</summary>
    public TimeSpan? Delay { get; init; }

    /// <summary>How long after its due time it may still be sent and handled; null means for ever.</summary>
    public TimeSpan? Expiration { get; init; }

    public bool IsScheduled => DueAt is not null || Delay is not null;

    /// <summary>Whether it needs the longer INSERT.</summary>
    public bool HasOptions => Delay is not null || ReplyTo is not null || Priority is not null || OrderingKey is not null || Expiration is not null;
}
