namespace ReliableMq.Outbox;

/// <summary>A message as it is stored: everything that its publish needs, decided when it was added.</summary>
internal sealed record OutboxMessage
{
    /// <summary>The row's own id. Not the message id, which a user may give twice.</summary>
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

    /// <summary>Not to be sent before; null means at once.</summary>
    public DateTimeOffset? DueAt { get; init; }
}
