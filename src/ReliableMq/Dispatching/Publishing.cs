using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Outbox;

namespace ReliableMq.Dispatching;

/// <summary>The AMQP properties of a stored message.</summary>
internal static class Publishing
{
    public static BasicProperties PropertiesOf(OutboxRow row, string? service)
    {
        var headers = row.Headers is null ? [] : HeaderJson.Read(row.Headers);
        headers.TryAdd(MessageHeaders.SentAt, row.CreatedAt.ToUnixTimeMilliseconds());
        if (row.CausationId is not null)
        {
            headers[MessageHeaders.CausationId] = row.CausationId;
        }

        var properties = new BasicProperties
        {
            MessageId = row.MessageId,
            Type = row.Name,
            ContentType = row.ContentType,
            DeliveryMode = DeliveryModes.Persistent,
            Timestamp = new AmqpTimestamp(row.CreatedAt.ToUnixTimeSeconds()),
            Headers = headers,
        };
        if (row.CorrelationId is not null)
        {
            properties.CorrelationId = row.CorrelationId;
        }

        if (service is not null)
        {
            properties.AppId = service;
        }

        return properties;
    }
}
