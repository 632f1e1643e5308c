namespace ReliableMq;

/// <summary>What is known about the message being handled. A handler asks for it as a parameter.</summary>
public sealed class MessageContext
{
    /// <summary>The id given by the sender; the inbox handles each id once per queue.</summary>
    public required string MessageId { get; init; }

    /// <summary>The message's permanent name, such as <c>orders.order-placed.v1</c>.</summary>
    public required string MessageName { get; init; }

    /// <summary>The queue it came from.</summary>
    public required string Queue { get; init; }

    /// <summary>The number of this attempt, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>Whether the broker says that it delivered this message before: a hint, not a proof.</summary>
    public required bool Redelivered { get; init; }

    /// <summary>The id shared by all messages of one business process, where the sender gave one.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>The id of the message whose handling caused this one.</summary>
    public string? CausationId { get; init; }

    /// <summary>When the sender staged the message, by its database's clock; null for foreign senders.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>When this process received the delivery.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>The headers of the delivery. Text arrives as <see cref="string"/>.</summary>
    public required IReadOnlyDictionary<string, object?> Headers { get; init; }

    /// <summary>
    /// Cancelled when the handler's time is up or the host stops. Also passed to a handler's
    /// <see cref="System.Threading.CancellationToken"/> parameter.
    /// </summary>
    public required CancellationToken CancellationToken { get; init; }
}
