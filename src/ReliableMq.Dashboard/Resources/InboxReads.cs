using Npgsql;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>
/// What is read of <c>inbox</c>, <c>failure</c> and <c>parked</c>. What is done is found by <c>inbox_handled_at</c>; what
/// fails is found by <c>failure_failing</c> among what is dead.
/// </summary>
internal static class InboxReads
{
    /// <summary>Newest first. The first condition is what the index knows.</summary>
    public static string Done(string schema, string conditions) =>
        $"""
        SELECT i.queue, i.message_id, 'Done', i.epoch, 0, NULL::timestamptz, NULL, NULL, NULL::timestamptz, NULL::timestamptz, i.handled_at, NULL
        FROM {schema}.inbox i
        WHERE {conditions}
        ORDER BY i.handled_at DESC, i.queue DESC, i.message_id DESC
        LIMIT @limit
        """;

    private static string FailingRows(string schema) =>
        $"""
        SELECT f.queue, f.message_id, initcap(f.state), f.epoch, f.attempts, f.next_attempt_at, f.error_type, f.error, f.first_failed_at, f.last_failed_at, NULL::timestamptz, f.ordering_key
        FROM {schema}.failure f
        """;

    public static string Failing(string schema, string conditions) =>
        $"""
        {FailingRows(schema)}
        WHERE f.state IN ('failing', 'scheduled') AND {conditions}
        ORDER BY f.last_failed_at DESC, f.queue DESC, f.message_id DESC
        LIMIT @limit
        """;

    public static string OneFailing(string schema) => $"{FailingRows(schema)} WHERE f.queue = @queue AND f.message_id = @message_id AND f.state IN ('failing', 'scheduled')";

    public static string OneDone(string schema) => Done(schema, "i.queue = @queue AND i.message_id = @message_id");

    /// <summary>Among so many as are looked at; the last column tells whether there are more.</summary>
    public static string CountFailing(string schema, string conditions) =>
        $"""
        SELECT count(*) FILTER (WHERE l.state = 'failing'), count(*) FILTER (WHERE l.state = 'scheduled'), count(*) = {OutboxReads.MostLooked}
        FROM (SELECT f.state FROM {schema}.failure f WHERE f.state IN ('failing', 'scheduled') AND {conditions} LIMIT {OutboxReads.MostLooked}) AS l
        """;

    public static string CountMatching(string schema, string conditions) =>
        $"SELECT count(*) FROM (SELECT FROM {schema}.failure f WHERE f.state IN ('failing', 'scheduled') AND {conditions} LIMIT @limit) AS counted";

    public static string EstimateDone(string schema) => $"SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = '{schema}.inbox'::regclass";

    /// <summary>Primary key, which begins with the queue.</summary>
    public static string CountDone(string schema) => $"SELECT count(*) FROM (SELECT FROM {schema}.inbox WHERE queue = @queue LIMIT @limit) AS counted";

    /// <summary>The copies in the outbox that wait for a retry. Index <c>outbox_message</c>.</summary>
    public static string CopiesOf(string schema) =>
        $"""
        SELECT o.id FROM {schema}.outbox o JOIN unnest(@queues, @message_ids) AS r (queue, message_id) ON o.message_id = r.message_id AND o.routing_key = r.queue
        WHERE o.exchange = '' AND o.due_at IS NOT NULL AND o.message_id <> o.id::text
        """;

    /// <summary>Index <c>parked_order</c>.</summary>
    public static string Parked(string schema, string conditions) =>
        $"""
        SELECT p.queue, p.ordering_key, p.position, p.message_id, p.name, p.parked_at, p.correlation_id,
               (SELECT f.message_id FROM {schema}.failure f WHERE f.queue = p.queue AND f.ordering_key = p.ordering_key LIMIT 1)
        FROM {schema}.parked p
        WHERE {conditions}
        ORDER BY p.queue, p.ordering_key, p.position
        LIMIT @limit
        """;

    public static InboxItem Item(string service, NpgsqlDataReader reader, bool wholeError = false) => new(
        service, RowId.Of(reader.GetString(0), reader.GetString(1)), reader.GetString(0), reader.GetString(1), Enum.Parse<InboxState>(reader.GetString(2)), reader.GetInt32(3), reader.GetInt32(4),
        reader.TimeOrNull(5), reader.Text(6), reader.Text(7) is { } error ? wholeError ? error : Columns.FirstLine(error) : null, reader.TimeOrNull(8), reader.TimeOrNull(9), reader.TimeOrNull(10), reader.Text(11));
}
