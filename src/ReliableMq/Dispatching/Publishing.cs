using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Outbox;

namespace ReliableMq.Dispatching;

/// <summary>The AMQP properties of a message.</summary>
internal static class Publishing
{
    /// <summary>Of a stored message.</summary>
    public static BasicProperties PropertiesOf(OutboxRow row, string? service)
    {
        var properties = Properties(row.MessageId, row.Name, row.ContentType, row.Headers, row.CorrelationId, row.CausationId, service, row.CreatedAt);
        // A copy that goes back to its queue keeps what its sender said, and no more.
        var isCopy = row.Exchange.Length == 0;
        SetOptions(properties, row.ReplyTo, row.Priority, isCopy ? null : row.OrderingKey, row.ExpiresAt);
        if (!isCopy)
        {
            // Nobody can have handled it before it was due, and a receiver's inbox may not look back as far as it was stored.
            var firstSentAt = row.DueAt > row.CreatedAt ? row.DueAt.Value : row.CreatedAt;
            properties.Headers!.TryAdd(MessageHeaders.SentAt, firstSentAt.ToUnixTimeMilliseconds());
        }

        return properties;
    }

    /// <summary>Of a message that is published at once.</summary>
    public static BasicProperties PropertiesOf(OutboxMessage message, string? service, DateTimeOffset now)
    {
        var properties = Properties(message.MessageId, message.Name, message.ContentType, message.Headers, message.CorrelationId, message.CausationId, service, now);
        properties.Headers!.TryAdd(MessageHeaders.SentAt, now.ToUnixTimeMilliseconds());
        SetOptions(properties, message.ReplyTo, message.Priority, message.OrderingKey, now + message.Expiration);
        if (message.TraceParent is not null)
        {
            properties.Headers![MessageHeaders.TraceParent] = message.TraceParent;
        }

        return properties;
    }

    private static void SetOptions(BasicProperties properties, string? replyTo, byte? priority, string? orderingKey, DateTimeOffset? expiresAt)
    {
        if (replyTo is not null)
        {
            properties.ReplyTo = replyTo;
        }

        if (priority is { } level)
        {
            properties.Priority = level;
        }

        if (orderingKey is not null)
        {
            properties.Headers![MessageHeaders.OrderingKey] = orderingKey;
        }

        if (expiresAt is { } end)
        {
            properties.Headers![MessageHeaders.ExpiresAt] = end.ToUnixTimeMilliseconds();
        }
    }

    private static BasicProperties Properties(
        string messageId, string name, string contentType, string? storedHeaders, string? correlationId, string? causationId, string? service, DateTimeOffset createdAt)
    {
        var headers = storedHeaders is null ? [] : HeaderJson.Read(storedHeaders);
        if (causationId is not null)
        {
            headers[MessageHeaders.CausationId] = causationId;
        }

        var properties = new BasicProperties
        {
            MessageId = messageId,
            Type = name,
            ContentType = contentType,
            DeliveryMode = DeliveryModes.Persistent,
            Timestamp = new AmqpTimestamp(createdAt.ToUnixTimeSeconds()),
            Headers = headers,
        };
        if (correlationId is not null)
        {
            properties.CorrelationId = correlationId;
        }

        if (service is not null)
        {
            properties.AppId = service;
        }

        return properties;
    }
}
