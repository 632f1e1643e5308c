using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Outbox;

namespace ReliableMq.Dispatching;

/// <summary>The AMQP properties of a message.</summary>
internal static class Publishing
{
    /// <summary>Of a stored message.</summary>
    public static BasicProperties PropertiesOf(OutboxRow row, string? service) =>
        Properties(row.MessageId, row.Name, row.ContentType, row.Headers, row.CorrelationId, row.CausationId, service, row.CreatedAt);

    /// <summary>Of a message that is published at once.</summary>
    public static BasicProperties PropertiesOf(OutboxMessage message, string? service, DateTimeOffset now)
    {
        var properties = Properties(message.MessageId, message.Name, message.ContentType, message.Headers, message.CorrelationId, message.CausationId, service, now);
        if (message.TraceParent is not null)
        {
            properties.Headers![MessageHeaders.TraceParent] = message.TraceParent;
        }

        return properties;
    }

    private static BasicProperties Properties(
        string messageId, string name, string contentType, string? storedHeaders, string? correlationId, string? causationId, string? service, DateTimeOffset createdAt)
    {
        var headers = storedHeaders is null ? [] : HeaderJson.Read(storedHeaders);
        headers.TryAdd(MessageHeaders.SentAt, createdAt.ToUnixTimeMilliseconds());
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
