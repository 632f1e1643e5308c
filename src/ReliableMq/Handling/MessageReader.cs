using ReliableMq.Failing;
using ReliableMq.Receiving;

namespace ReliableMq.Handling;

/// <summary>Finds the handler of a delivery and reads its body.</summary>
internal sealed class MessageReader(QueueHandlers handlers, MessageSerializer serializer)
{
    /// <exception cref="ReliableMqException">It has no id, no handler takes it, or it cannot be read.</exception>
    public ReadMessage Read(Delivery delivery)
    {
        if (delivery.MessageId is null)
        {
            throw new UnreadableMessageException(
                $"The message \"{delivery.Name}\" has no message id, so it cannot be handled just once. Set the AMQP property message-id.");
        }

        var handler = handlers.Find(delivery.Name)
            ?? throw new ReliableMqException(
                $"No handler of the queue \"{delivery.Queue}\" takes the message \"{delivery.Name}\". It takes: {string.Join(", ", handlers.MessageNames.Order().Select(name => $"\"{name}\""))}. Add a handler, or remove the binding that brings it.");
        return new ReadMessage(delivery, handler, serializer.Deserialize(delivery.Body, handler.MessageType, delivery.ContentType, delivery.Name));
    }
}

/// <summary>A delivery whose handler is known and whose body is read.</summary>
internal sealed record ReadMessage(Delivery Delivery, HandlerDefinition Handler, object Message)
{
    public MessageContext ContextOf(int attempt, Npgsql.NpgsqlTransaction? transaction, CancellationToken cancellationToken) => new()
    {
        MessageId = Delivery.MessageId!,
        MessageName = Delivery.Name,
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
