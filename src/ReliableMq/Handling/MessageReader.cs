using ReliableMq.Failing;
using ReliableMq.Receiving;

namespace ReliableMq.Handling;

/// <summary>Finds the handler of a delivery and reads its body.</summary>
internal sealed class MessageReader(QueueHandlers handlers, MessageSerializer serializer, IServiceProvider services)
{
    /// <exception cref="NotThrownException">It has no id, no handler takes it, or it cannot be read.</exception>
    public ReadMessage Read(Delivery delivery)
    {
        if (delivery.MessageId is null)
        {
            throw new UnreadableMessageException(
                $"The message \"{delivery.Name}\" has no message id, so it cannot be handled just once. Set the AMQP property message-id, or [MessageHandler(…, DeriveMessageIds = true)].");
        }

        var reading = handlers.Find(delivery)
            ?? throw new UnknownMessageException(
                $"No handler of the queue \"{delivery.Queue}\" takes the message \"{delivery.Name}\" of the exchange \"{delivery.Exchange}\". It takes: {string.Join(", ", handlers.MessageNames.Order().Select(name => $"\"{name}\""))}. Add a handler or its [Binding], or remove the binding that brings it.");
        return new ReadMessage(delivery, reading.Handler, reading.Read(delivery, serializer, services)) { Name = reading.Name };
    }
}

/// <summary>A delivery whose handler is known and whose body is read, and upcast where it is an old one.</summary>
internal sealed record ReadMessage(Delivery Delivery, HandlerDefinition Handler, object Message)
{
    /// <summary>The name under which it was found.</summary>
    public string Name { get; init; } = Delivery.Name;

    public bool IsExpired(DateTimeOffset now) => Delivery.ExpiresAt <= now;

    public void RefuseExpired(DateTimeOffset now)
    {
        if (IsExpired(now))
        {
            throw new PermanentFailureException($"The message \"{Delivery.Name}\" expired at {Delivery.ExpiresAt:O}, before it was handled.");
        }
    }

    public MessageContext ContextOf(int attempt, Npgsql.NpgsqlTransaction? transaction, CancellationToken cancellationToken) => new()
    {
        MessageId = Delivery.MessageId!,
        MessageName = Name,
        Queue = Delivery.Queue,
        Attempt = attempt,
        Redelivered = Delivery.Redelivered,
        CorrelationId = Delivery.CorrelationId,
        CausationId = Delivery.CausationId,
        OrderingKey = Delivery.OrderingKey,
        SentAt = Delivery.SentAt,
        ReceivedAt = Delivery.ReceivedAt,
        Headers = Delivery.Headers,
        Transaction = transaction,
        CancellationToken = cancellationToken,
    };
}
