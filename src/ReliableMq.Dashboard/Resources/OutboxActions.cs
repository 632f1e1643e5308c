using Npgsql;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>What is done with rows of the history. Both in batches by primary key, each a transaction with its audit.</summary>
internal static class OutboxActions
{
    private const int BatchSize = 500;

    /// <summary>Ids begin with the time: rows from now on are not looked at, or what is sent again would be found again.</summary>
    private static string Chosen(string schema, string conditions) =>
        $"""
        SELECT o.id FROM {schema}.outbox_history o
        WHERE o.id > @after AND o.id < @end AND {conditions}
        ORDER BY o.id
        LIMIT {BatchSize}
        FOR UPDATE SKIP LOCKED
        """;

    private const string Now = "SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint + 1), 12, '0') || repeat('0', 20))::uuid";

    /// <summary>
    /// A new row with the message's own id: a receiver that has handled it does not do so again. It has no place in its
    /// ordering key any more, and its time to expire is over: whoever resends it wants it sent.
    /// </summary>
    private static string Resend(string schema) =>
        $"""
        INSERT INTO {schema}.outbox
            (id, message_id, name, exchange, routing_key, content_type, headers, body, correlation_id, causation_id, traceparent, reply_to, priority, created_at, available_at)
        SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid,
               message_id, name, exchange, routing_key, content_type, headers, body, correlation_id, causation_id, traceparent, reply_to, priority, clock_timestamp(), clock_timestamp()
        FROM {schema}.outbox_history WHERE id = ANY (@ids) AND exchange <> ''
        RETURNING message_id
        """;

    private static string Delete(string schema) => $"DELETE FROM {schema}.outbox_history WHERE id = ANY (@ids) RETURNING message_id";

    public static Task<long> ResendAsync(KnownService service, NpgsqlConnection connection, Func<Statement> filter, Deed deed, CancellationToken cancellationToken) =>
        RunAsync(service, connection, filter, Resend(service.Schema), "resend", deed, cancellationToken);

    public static Task<long> DeleteAsync(KnownService service, NpgsqlConnection connection, Func<Statement> filter, Deed deed, CancellationToken cancellationToken) =>
        RunAsync(service, connection, filter, Delete(service.Schema), "delete", deed, cancellationToken);

    private static async Task<long> RunAsync(
        KnownService service, NpgsqlConnection connection, Func<Statement> filter, string act, string action, Deed deed, CancellationToken cancellationToken)
    {
        var end = (await new Statement().ReadAsync(connection, Now, reader => reader.GetGuid(0), cancellationToken))[0];
        var after = Guid.Empty;
        var all = 0L;
        while (true)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var statement = filter().With("after", after).With("end", end);
            var ids = (await statement.ReadAsync(connection, Chosen(service.Schema, statement.Conditions), reader => reader.GetGuid(0), cancellationToken)).ToArray();
            if (ids.Length == 0)
            {
                return all;
            }

            var messages = await new Statement().With("ids", ids).ReadAsync(connection, act, reader => reader.GetString(0), cancellationToken);
            if (messages.Count > 0)
            {
                // By name: what is deleted is nowhere else.
                var reason = string.IsNullOrWhiteSpace(deed.Reason) ? "" : $" Reason: {deed.Reason}";
                await Audit.WriteAsync(connection, service.Schema, deed.Who, action, deed.Target, $"{messages.Count} message(s): {string.Join(", ", messages)}.{reason}", cancellationToken);
            }

            await transaction.CommitAsync(CancellationToken.None);
            all += messages.Count;
            after = ids[^1];
        }
    }
}

/// <summary>What the audit says of an action, besides its name.</summary>
internal sealed record Deed(string Who, string Target, string? Reason);
