using Npgsql;

namespace ReliableMq.Outbox;

/// <summary>
/// Every statement on <c>outbox</c> and <c>outbox_history</c>. The only clock is <c>clock_timestamp()</c>; it
/// stands in a scalar subquery where an index must use it, because PostgreSQL does not compare an index with
/// a volatile function.
/// </summary>
internal sealed class OutboxSql(string schema)
{
    /// <summary>Larger bodies are read one by one when they are published: a batch of rows stays small in memory.</summary>
    public const int LargeBody = 64 * 1024;

    /// <summary>
    /// What <see cref="OutboxTable"/> reads of a row; what remains of its lease comes last. The length of a body
    /// is known without reading it.
    /// </summary>
    public static readonly string RowColumns =
        $"o.id, o.fence, o.message_id, o.name, o.exchange, o.routing_key, o.content_type, o.headers, CASE WHEN octet_length(o.body) <= {LargeBody} THEN o.body END, "
        + "o.correlation_id, o.causation_id, o.traceparent, o.reply_to, o.priority, o.ordering_key, o.created_at, o.expires_at, "
        + "o.expires_at <= clock_timestamp(), o.attempts, o.ordered, o.due_at";

    private static readonly string PublishColumns = RowColumns + ", o.available_at - clock_timestamp()";

    private const string HistoryColumns =
        "id, message_id, name, exchange, routing_key, content_type, headers, body, correlation_id, causation_id, "
        + "traceparent, reply_to, priority, ordering_key, created_at, due_at, expires_at";

    /// <summary>The condition that a row is of a message: by primary key, or by <c>outbox_message</c>, which holds the ids that are not the row's own.</summary>
    public const string HasMessageId = "(o.id = @message_row AND o.message_id = @message_id OR o.message_id = @message_id AND o.message_id <> o.id::text)";

    /// <summary>Of <see cref="HasMessageId"/>: the row that has this message id as its own; none if that cannot be.</summary>
    public static NpgsqlParameter RowOf(string messageId) => new NpgsqlParameter<Guid>("message_row", Guid.TryParseExact(messageId, "D", out var row) ? row : Guid.AllBitsSet);

    /// <summary>
    /// Stores messages. Rows are born leased by the storing process, so that sending them needs no update.
    /// Parameter names are long because the statement also rides in commands with parameters of their own.
    /// </summary>
    public string Insert { get; } =
        $"""
        INSERT INTO {schema}.outbox
            (id, message_id, name, exchange, routing_key, content_type, headers, body, correlation_id, causation_id,
             traceparent, created_at, due_at, available_at, node)
        SELECT id, message_id, name, exchange, routing_key, content_type, headers, body, correlation_id, causation_id,
               traceparent, clock_timestamp(), due_at,
               CASE WHEN due_at > clock_timestamp() THEN due_at ELSE clock_timestamp() + @rmq_lease END,
               CASE WHEN due_at > clock_timestamp() THEN NULL ELSE @rmq_node END
        FROM unnest(@rmq_ids, @rmq_message_ids, @rmq_names, @rmq_exchanges, @rmq_routing_keys, @rmq_content_types,
                    @rmq_headers, @rmq_bodies, @rmq_correlation_ids, @rmq_causation_ids, @rmq_traceparents, @rmq_due_ats)
             AS m (id, message_id, name, exchange, routing_key, content_type, headers, body, correlation_id, causation_id,
                   traceparent, due_at)
        ON CONFLICT (id) DO NOTHING
        """;

    /// <summary>
    /// Stores messages of which some have an ordering key, a delay or another thing that few have. A key is
    /// locked until the transaction ends before a message of it gets its sequence number, so that the order of
    /// the numbers is the order of the commits. <c>outbox_key</c> is left to the dispatchers: a transaction here
    /// would wait for theirs, and fail over it where its snapshot is to be repeatable.
    /// </summary>
    public string InsertWithOptions { get; } =
        $"""
        WITH message AS MATERIALIZED (
            SELECT *, coalesce(coalesce(due_at, clock_timestamp() + delay) > clock_timestamp(), false) AS waits
            FROM unnest(@rmq_ids, @rmq_message_ids, @rmq_names, @rmq_exchanges, @rmq_routing_keys, @rmq_content_types,
                        @rmq_headers, @rmq_bodies, @rmq_correlation_ids, @rmq_causation_ids, @rmq_traceparents, @rmq_due_ats,
                        @rmq_delays, @rmq_reply_tos, @rmq_priorities, @rmq_ordering_keys, @rmq_expirations) WITH ORDINALITY
                 AS m (id, message_id, name, exchange, routing_key, content_type, headers, body, correlation_id, causation_id,
                       traceparent, due_at, delay, reply_to, priority, ordering_key, expiration, position)),
        locked AS MATERIALIZED (
            SELECT count(pg_advisory_xact_lock(key_lock)) AS keys
            FROM (SELECT DISTINCT {KeySql.LockOf(schema, "ordering_key")} AS key_lock FROM message
                  WHERE ordering_key IS NOT NULL AND NOT waits ORDER BY 1) AS l)
        INSERT INTO {schema}.outbox
            (id, message_id, name, exchange, routing_key, content_type, headers, body, correlation_id, causation_id,
             traceparent, reply_to, priority, ordering_key, ordered, created_at, due_at, expires_at, available_at, node)
        SELECT id, message_id, name, exchange, routing_key, content_type, headers, body, correlation_id, causation_id,
               traceparent, reply_to, priority, ordering_key, ordering_key IS NOT NULL AND NOT waits, clock_timestamp(), coalesce(due_at, clock_timestamp() + delay),
               greatest(due_at, clock_timestamp() + delay, clock_timestamp()) + expiration,
               CASE WHEN waits THEN coalesce(due_at, clock_timestamp() + delay) ELSE clock_timestamp() + @rmq_lease END,
               CASE WHEN waits THEN NULL ELSE @rmq_node END
        FROM message, locked
        WHERE keys >= 0
        ORDER BY position
        ON CONFLICT (id) DO NOTHING
        """;

    /// <summary>
    /// Of the ids handed over after a commit, the rows that exist and that this process holds for at least
    /// half a lease more. Rows of a rolled-back savepoint or an unknown commit are simply not there. Primary key.
    /// </summary>
    public string ReadHeld { get; } =
        $"""
        SELECT {PublishColumns}
        FROM {schema}.outbox o
        WHERE o.id = ANY (@ids) AND o.node = @node AND o.fence = 0 AND NOT o.ordered
          AND o.available_at >= clock_timestamp() + @lease / 2
        ORDER BY o.id
        """;

    /// <summary>Rows handed over whose lease has become short: still this process's, so it may extend it. Primary key.</summary>
    public string Renew { get; } =
        $"""
        UPDATE {schema}.outbox o
        SET fence = o.fence + 1, available_at = clock_timestamp() + @lease
        WHERE o.id = ANY (@ids) AND o.node = @node AND o.fence = 0 AND NOT o.ordered
        RETURNING {PublishColumns}
        """;

    /// <summary>The body of a row, if it is still there. Primary key.</summary>
    public string Body { get; } = $"SELECT body FROM {schema}.outbox WHERE id = @id";

    /// <summary>
    /// Takes rows that became due after a time, oldest first. That time keeps it from walking over the entries of
    /// rows that have left while an old transaction is open. Index <c>outbox_available</c>.
    /// </summary>
    public string Claim { get; } =
        $"""
        WITH due AS MATERIALIZED (
            SELECT id FROM {schema}.outbox
            WHERE available_at > @from AND available_at <= (SELECT clock_timestamp()) AND available_at < 'infinity'
            ORDER BY available_at
            LIMIT @limit
            FOR UPDATE SKIP LOCKED)
        UPDATE {schema}.outbox o
        SET fence = o.fence + 1, node = @node, available_at = clock_timestamp() + @lease
        FROM due
        WHERE o.id = due.id
        RETURNING {PublishColumns}
        """;

    /// <summary>
    /// The time until the next row or key after a time is available, null when there is none; and the time now.
    /// Indexes <c>outbox_available</c> and <c>outbox_key_available</c>.
    /// </summary>
    public string NextAvailable { get; } =
        $"""
        SELECT least(
            (SELECT available_at FROM {schema}.outbox WHERE available_at > @from AND available_at < 'infinity' ORDER BY available_at LIMIT 1),
            (SELECT available_at FROM {schema}.outbox_key WHERE available_at > @from AND available_at < 'infinity' ORDER BY available_at LIMIT 1))
            - clock_timestamp(), clock_timestamp()
        """;

    public string Heartbeat { get; } =
        $"""
        INSERT INTO {schema}.node (id, service, host) VALUES (@node, @service, @host)
        ON CONFLICT (id) DO UPDATE SET heartbeat_at = clock_timestamp()
        """;

    /// <summary>Forgets processes that ended long ago: each start is a row. Kept as long as their minutes in <c>node_minute</c>; the table is small.</summary>
    public string RemoveNodes { get; } = $"DELETE FROM {schema}.node WHERE heartbeat_at < clock_timestamp() - interval '8 days'";

    /// <summary>Moves rows that are done with to the history, if this process still holds them. Primary key.</summary>
    public string Finish { get; } =
        $"""
        WITH finished AS (
            DELETE FROM {schema}.outbox o
            USING unnest(@ids, @fences) AS held (id, fence)
            WHERE o.id = held.id AND o.fence = held.fence
            RETURNING o.*)
        {MoveToHistory(schema, "finished")}
        """;

    /// <summary>The INSERT that takes the rows of a CTE into the history; needs the parameter <c>@outcome</c>.</summary>
    public static string MoveToHistory(string schema, string finished) =>
        $"""
        INSERT INTO {schema}.outbox_history ({HistoryColumns}, attempts, outcome, finished_at)
        SELECT {HistoryColumns}, attempts + (@outcome = 'sent')::int, @outcome, clock_timestamp()
        FROM {finished}
        ON CONFLICT (id) DO NOTHING
        """;

    /// <summary>Keeps rows for a later attempt, or for an operator, with the reason, if this process still holds them. Primary key.</summary>
    public string Fail { get; } =
        $"""
        UPDATE {schema}.outbox o
        SET attempts = o.attempts + f.counted, error_kind = f.kind, error = f.error, node = NULL,
            available_at = CASE WHEN f.gives_up THEN 'infinity' ELSE clock_timestamp() + f.delay END,
            failed_at = CASE WHEN f.gives_up THEN clock_timestamp() END
        FROM unnest(@ids, @fences, @counted, @kinds, @errors, @delays, @gives_up) AS f (id, fence, counted, kind, error, delay, gives_up)
        WHERE o.id = f.id AND o.fence = f.fence
        """;

    /// <summary>Gives rows back that were not published, uncounted. Primary key.</summary>
    public string Release { get; } =
        $"""
        UPDATE {schema}.outbox o
        SET available_at = clock_timestamp() + @delay, node = NULL
        FROM unnest(@ids, @fences) AS held (id, fence)
        WHERE o.id = held.id AND o.fence = held.fence
        """;

    /// <summary>Gives back all that this process holds, when it stops. Index <c>outbox_available</c>.</summary>
    public string ReleaseAll { get; } =
        $"""
        UPDATE {schema}.outbox
        SET available_at = clock_timestamp(), node = NULL
        WHERE node = @node AND available_at <= (SELECT clock_timestamp()) + @lease AND available_at < 'infinity'
        """;

    /// <summary>
    /// Removes finished rows that are old enough. Ids begin with the time they were made, so the primary key finds
    /// the oldest without an index on the time of finishing; a row that left much later than made is skipped
    /// until its time. Tells how many there were and the last, after which the next batch begins: from the beginning
    /// it would walk over all that has been removed while an old transaction is open. An array keeps the planner from
    /// joining with the whole history where its statistics are old.
    /// </summary>
    public string RemoveHistory { get; } =
        $"""
        WITH removed AS (
            DELETE FROM {schema}.outbox_history
            WHERE id = ANY (ARRAY(
                SELECT id FROM {schema}.outbox_history
                WHERE id > @after
                  AND id < (SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp() - @keep) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid)
                  AND finished_at < (SELECT clock_timestamp()) - @keep
                ORDER BY id
                LIMIT @limit
                FOR UPDATE SKIP LOCKED))
            RETURNING id)
        SELECT count(*), (SELECT id FROM removed ORDER BY id DESC LIMIT 1) FROM removed
        """;

    /// <summary>Which of the rows handed over are stored, though they are not to be sent yet. Primary key.</summary>
    public string Stored { get; } = $"SELECT id FROM {schema}.outbox WHERE id = ANY (@ids)";

    /// <summary>Waits for whoever has locked a table, and for nobody who has locked a row.</summary>
    public string WriteNothing { get; } = $"WITH none AS (DELETE FROM {schema}.outbox WHERE false) DELETE FROM {schema}.outbox_history WHERE false";

    /// <summary>Which of the rows are stored, and which have left. Primary keys.</summary>
    public string Known { get; } =
        $"SELECT id, true FROM {schema}.outbox WHERE id = ANY (@ids) UNION ALL SELECT id, false FROM {schema}.outbox_history WHERE id = ANY (@ids)";

    /// <summary>
    /// A destination takes messages again, or is to be tried: those that were set aside for it are offered, in the
    /// order of their ids. Index <c>outbox_failing</c>.
    /// </summary>
    public string Hurry { get; } =
        $"""
        WITH aside AS MATERIALIZED (
            SELECT id FROM {schema}.outbox
            WHERE exchange = @exchange AND routing_key = @routing_key AND error_kind IS NOT NULL AND id > @after
              AND error_kind <> 'refused' AND available_at > clock_timestamp() AND available_at < 'infinity' AND node IS NULL
            ORDER BY id
            LIMIT @limit
            FOR UPDATE SKIP LOCKED)
        UPDATE {schema}.outbox o
        SET available_at = clock_timestamp()
        FROM aside
        WHERE o.id = aside.id
        RETURNING o.id
        """;

    /// <summary>
    /// Sets due rows of paused destinations aside before they are claimed, so that they do not stand in front of
    /// the others: of the first that are due, because no index finds them among millions that are. Index <c>outbox_available</c>.
    /// </summary>
    public string SetAside { get; } =
        $"""
        WITH due AS MATERIALIZED (
            SELECT id, exchange, routing_key, ordering_key FROM {schema}.outbox
            WHERE available_at > @from AND available_at <= (SELECT clock_timestamp()) AND available_at < 'infinity'
            ORDER BY available_at
            LIMIT @limit),
        aside AS MATERIALIZED (
            SELECT o.id, p.kind, p.error, p.delay
            FROM due
            JOIN unnest(@exchanges, @routing_keys, @kinds, @errors, @delays) AS p (exchange, routing_key, kind, error, delay)
              ON due.exchange = p.exchange AND due.routing_key = p.routing_key AND due.ordering_key IS NULL
            JOIN {schema}.outbox o ON o.id = due.id AND o.available_at <= clock_timestamp()
            FOR UPDATE OF o SKIP LOCKED)
        UPDATE {schema}.outbox o
        SET available_at = clock_timestamp() + aside.delay, error_kind = aside.kind, error = aside.error, node = NULL
        FROM aside
        WHERE o.id = aside.id
        """;

    /// <summary>
    /// For health and metrics: how many should have left, and how late the oldest is. A row between two
    /// attempts counts too; the longest time that one is set aside is ten minutes. Rows behind their ordering
    /// key count; those that wait for an operator are counted apart. Indexes <c>outbox_available</c>,
    /// <c>outbox_ordered</c> and <c>outbox_failed</c>.
    /// </summary>
    public string Pending { get; } =
        $"""
        SELECT count(*), max(late), (SELECT count(*) FROM (SELECT FROM {schema}.outbox WHERE failed_at IS NOT NULL LIMIT 10001) AS failed)
        FROM ((SELECT clock_timestamp() - greatest(created_at, due_at) AS late FROM {schema}.outbox
               WHERE available_at <= (SELECT clock_timestamp()) + greatest(@lease, interval '15 minutes') AND available_at < 'infinity'
                 AND (due_at IS NULL OR due_at <= clock_timestamp())
               LIMIT 10001)
              UNION ALL
              (SELECT clock_timestamp() - greatest(created_at, due_at) FROM {schema}.outbox
               WHERE ordered AND available_at = 'infinity' AND failed_at IS NULL
               LIMIT 10001)) AS waiting
        """;
}
