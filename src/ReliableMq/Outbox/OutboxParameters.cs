using Npgsql;
using NpgsqlTypes;
using ReliableMq.Storage;

namespace ReliableMq.Outbox;

/// <summary>The INSERT of messages and its parameters: one array a column.</summary>
internal static class OutboxParameters
{
    public const string Ids = "rmq_ids";

    /// <returns>The statement: most messages have no options, and the short one is faster.</returns>
    public static string Add(NpgsqlParameterCollection parameters, IReadOnlyList<OutboxMessage> messages, ServiceDatabase database)
    {
        const NpgsqlDbType text = NpgsqlDbType.Array | NpgsqlDbType.Text;
        parameters.Add(new NpgsqlParameter<Guid[]>(Ids, NpgsqlDbType.Array | NpgsqlDbType.Uuid) { TypedValue = Column(messages, m => m.Id) });
        parameters.Add(new NpgsqlParameter<string[]>("rmq_message_ids", text) { TypedValue = Column(messages, m => m.MessageId) });
        parameters.Add(new NpgsqlParameter<string[]>("rmq_names", text) { TypedValue = Column(messages, m => m.Name) });
        parameters.Add(new NpgsqlParameter<string[]>("rmq_exchanges", text) { TypedValue = Column(messages, m => m.Exchange) });
        parameters.Add(new NpgsqlParameter<string[]>("rmq_routing_keys", text) { TypedValue = Column(messages, m => m.RoutingKey) });
        parameters.Add(new NpgsqlParameter<string[]>("rmq_content_types", text) { TypedValue = Column(messages, m => m.ContentType) });
        parameters.Add(new NpgsqlParameter<string?[]>("rmq_headers", text) { TypedValue = Column(messages, m => m.Headers) });
        parameters.Add(new NpgsqlParameter<byte[][]>("rmq_bodies", NpgsqlDbType.Array | NpgsqlDbType.Bytea) { TypedValue = Column(messages, m => m.Body) });
        parameters.Add(new NpgsqlParameter<string?[]>("rmq_correlation_ids", text) { TypedValue = Column(messages, m => m.CorrelationId) });
        parameters.Add(new NpgsqlParameter<string?[]>("rmq_causation_ids", text) { TypedValue = Column(messages, m => m.CausationId) });
        parameters.Add(new NpgsqlParameter<string?[]>("rmq_traceparents", text) { TypedValue = Column(messages, m => m.TraceParent) });
        parameters.Add(new NpgsqlParameter<DateTime?[]>("rmq_due_ats", NpgsqlDbType.Array | NpgsqlDbType.TimestampTz) { TypedValue = Column(messages, m => m.DueAt?.UtcDateTime) });
        parameters.Add(new NpgsqlParameter<TimeSpan>("rmq_lease", NpgsqlDbType.Interval) { TypedValue = database.Options.Outbox.Lease });
        parameters.Add(new NpgsqlParameter<Guid>("rmq_node", NpgsqlDbType.Uuid) { TypedValue = database.Node.Id });
        if (!messages.Any(message => message.HasOptions))
        {
            return database.OutboxSql.Insert;
        }

        parameters.Add(new NpgsqlParameter<TimeSpan?[]>("rmq_delays", NpgsqlDbType.Array | NpgsqlDbType.Interval) { TypedValue = Column(messages, m => m.Delay) });
        parameters.Add(new NpgsqlParameter<string?[]>("rmq_reply_tos", text) { TypedValue = Column(messages, m => m.ReplyTo) });
        parameters.Add(new NpgsqlParameter<short?[]>("rmq_priorities", NpgsqlDbType.Array | NpgsqlDbType.Smallint) { TypedValue = Column(messages, m => (short?)m.Priority) });
        parameters.Add(new NpgsqlParameter<string?[]>("rmq_ordering_keys", text) { TypedValue = Column(messages, m => m.OrderingKey) });
        parameters.Add(new NpgsqlParameter<TimeSpan?[]>("rmq_expirations", NpgsqlDbType.Array | NpgsqlDbType.Interval) { TypedValue = Column(messages, m => m.Expiration) });
        return database.OutboxSql.InsertWithOptions;
    }

    private static T[] Column<T>(IReadOnlyList<OutboxMessage> messages, Func<OutboxMessage, T> value)
    {
        var column = new T[messages.Count];
        for (var i = 0; i < column.Length; i++)
        {
            column[i] = value(messages[i]);
        }

        return column;
    }
}
