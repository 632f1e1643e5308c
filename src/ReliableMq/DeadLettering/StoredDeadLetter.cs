using Npgsql;
using NpgsqlTypes;
using ReliableMq.Broker;
using ReliableMq.Receiving;
using ReliableMq.Storage;

namespace ReliableMq.DeadLettering;

/// <summary>The parameters of <see cref="DeadLetterSql.Insert"/> for one delivery.</summary>
internal static class StoredDeadLetter
{
    public static void AddParameters(NpgsqlParameterCollection parameters, Delivery delivery, string queue, string messageId, int attempts, string reason, Exception? exception, bool isDiscarded = false)
    {
        parameters.Add(new NpgsqlParameter<string>("queue", queue));
        parameters.Add(new NpgsqlParameter<string>("message_id", messageId));
        parameters.Add(new NpgsqlParameter<int>("epoch", delivery.Epoch));
        parameters.Add(Text("name", delivery.Name));
        parameters.Add(Text("exchange", delivery.Exchange));
        parameters.Add(Text("routing_key", delivery.RoutingKey));
        parameters.Add(Text("content_type", delivery.ContentType));
        // Whole, because a part of it would be no JSON; and plain ASCII, so there is nothing to clean.
        parameters.Add(new NpgsqlParameter("headers", NpgsqlDbType.Text) { Value = HeaderJson.Write(delivery.Headers) });
        parameters.Add(new NpgsqlParameter<byte[]>("body", delivery.Body));
        parameters.Add(Text("correlation_id", delivery.CorrelationId));
        parameters.Add(Text("reply_to", delivery.ReplyTo));
        parameters.Add(new NpgsqlParameter("priority", NpgsqlDbType.Smallint) { Value = (object?)delivery.Priority ?? DBNull.Value });
        parameters.Add(new NpgsqlParameter<int>("attempts", attempts));
        parameters.Add(Text("reason", reason));
        parameters.Add(Text("error_type", exception?.GetType().FullName));
        parameters.Add(Text("error", exception?.ToString()));
        parameters.Add(new NpgsqlParameter<bool>("discarded", isDiscarded));
    }

    public static NpgsqlParameter Text(string name, string? value) =>
        new(name, NpgsqlDbType.Text) { Value = value is null ? DBNull.Value : SafeText.ForPostgres(value) };
}
