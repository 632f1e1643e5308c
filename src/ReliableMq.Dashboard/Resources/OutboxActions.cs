using Npgsql;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>What is done with rows of the history. Both in batches by primary key, each a transaction with its audit.</summary>
internal static class OutboxActions
{
    private const int BatchSize = 500;

    /// <summary>What leaves from now on was not seen, and what is sent again leaves as well. An id is as old as the clock of its process says; when a row left, the database's clock said.</summary>
    private static string Chosen(string schema, string conditions) =>
        $"""
        SELECT o.id FROM {schema}.outbox_history o
        WHERE o.id > @after AND o.finished_at <= @start AND {conditions}
        ORDER BY o.id
        LIMIT {BatchSize}
        FOR UPDATE SKIP LOCKED
        """;

    private const string Now = "SELECT clock_timestamp()";

    /// <summary>
    /// A new row with the message's own id: a receiver that has handled it does not do so again. It has no place in its
    /// ordering key any more, and its time to expire is over: whoever resends it wants it sent. One that is in the outbox
    /// already is not sent twice, however often somebody asks.
    /// </summary>
    private static string Resend(string schema) =>
        $"""
        INSERT INTO {schema}.outbox
            (id, message_id, name, exchange, routing_key, content_type, headers, body, correlation_id, causation_id, traceparent, reply_to, priority, created_at, available_at)
        SELECT DISTINCT ON (h.message_id, h.exchange, h.routing_key)
               (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid,
               h.message_id, h.name, h.exchange, h.routing_key, h.content_type, h.headers, h.body, h.correlation_id, h.causation_id, h.traceparent, h.reply_to, h.priority, clock_timestamp(), clock_timestamp()
        FROM {schema}.outbox_history h
        WHERE h.id = ANY (@ids) AND h.exchange <> ''
          AND NOT EXISTS (SELECT FROM {schema}.outbox w WHERE w.message_id = h.message_id AND w.message_id <> w.id::text AND w.exchange = h.exchange AND w.routing_key = h.routing_key)
        RETURNING message_id
        """;

    private static string Delete(string schema) => $"DELETE FROM {schema}.outbox_history WHERE id = ANY (@ids) RETURNING message_id";

    public static Task<(long Done, string? Error)> ResendAsync(KnownService service, NpgsqlConnection connection, Func<Statement> filter, Deed deed, CancellationToken cancellationToken) =>
        RunAsync(service, connection, filter, Resend(service.Schema), "resend", deed, cancellationToken);

    public static Task<(long Done, string? Error)> DeleteAsync(KnownService service, NpgsqlConnection connection, Func<Statement> filter, Deed deed, CancellationToken cancellationToken) =>
        RunAsync(service, connection, filter, Delete(service.Schema), "delete", deed, cancellationToken);

    /// <summary>What is said of work that the database ended in its midst.</summary>
    public static string Ended(Exception exception) => $"Then the database failed: {exception.Message.TrimEnd('.')}. Look at the audit, and begin again for the rest.";

    /// <returns>How many, and why not all where the database failed after some.</returns>
    private static async Task<(long Done, string? Error)> RunAsync(
        KnownService service, NpgsqlConnection connection, Func<Statement> filter, string act, string action, Deed deed, CancellationToken cancellationToken)
    {
        var start = (await new Statement().ReadAsync(connection, Now, reader => reader.Time(0), cancellationToken))[0];
        var after = Guid.Empty;
        var all = 0L;
        try
        {
            while (await RunBatchAsync(service, connection, () => filter().With("after", after).With("start", start), act, action, deed, cancellationToken) is { } batch)
            {
                all += batch.Done;
                after = batch.Last;
            }
        }
        catch (Exception exception) when (all > 0 && !cancellationToken.IsCancellationRequested && exception is NpgsqlException or TimeoutException)
        {
            return (all, Ended(exception));
        }

        return (all, null);
    }

    /// <returns>Null where there was none left.</returns>
    private static async Task<(long Done, Guid Last)?> RunBatchAsync(
        KnownService service, NpgsqlConnection connection, Func<Statement> filter, string act, string action, Deed deed, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var statement = filter();
        var ids = (await statement.ReadAsync(connection, Chosen(service.Schema, statement.Conditions), reader => reader.GetGuid(0), cancellationToken)).ToArray();
        if (ids.Length == 0)
        {
            return null;
        }

        var messages = await new Statement().With("ids", ids).ReadAsync(connection, act, reader => reader.GetString(0), cancellationToken);
        if (messages.Count > 0)
        {
            // By name: what is deleted is nowhere else.
            var reason = string.IsNullOrWhiteSpace(deed.Reason) ? "" : $" Reason: {deed.Reason}";
            await Audit.WriteAsync(connection, service.Schema, deed.Who, action, deed.Target, $"{messages.Count}: {string.Join(", ", messages)}.{reason}", cancellationToken);
        }

        await transaction.CommitAsync(CancellationToken.None);
        return (messages.Count, ids[^1]);
    }
}

/// <summary>What the audit says of an action, besides its name.</summary>
internal sealed record Deed(string Who, string Target, string? Reason);
