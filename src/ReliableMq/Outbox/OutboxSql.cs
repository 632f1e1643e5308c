namespace ReliableMq.Outbox;

/// <summary>
/// Every statement on <c>outbox</c> and <c>outbox_history</c>. The only clock is <c>clock_timestamp()</c>; it
/// stands in a scalar subquery where an index must use it, because PostgreSQL does not compare an index with
/// a volatile function.
/// </summary>
internal sealed class OutboxSql(string schema)
{
    private const string PublishColumns =
        "o.id, o.fence, o.message_id, o.name, o.exchange, o.routing_key, o.content_type, o.headers, o.body, "
        + "o.correlation_id, o.causation_id, o.traceparent, o.created_at, o.attempts, o.available_at - clock_timestamp()";

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
    /// Of the ids handed over after a commit, the rows that exist and that this process holds for at least
    /// half a lease more. Rows of a rolled-back savepoint or an unknown commit are simply not there. Primary key.
    /// </summary>
    public string ReadHeld { get; } =
        $"""
        SELECT {PublishColumns}
        FROM {schema}.outbox o
        WHERE o.id = ANY (@ids) AND o.node = @node AND o.fence = 0
          AND o.available_at >= clock_timestamp() + @lease / 2
        ORDER BY o.id
        """;

    /// <summary>Rows handed over whose lease has become short: still this process's, so it may extend it. Primary key.</summary>
    public string Renew { get; } =
        $"""
        UPDATE {schema}.outbox o
        SET fence = o.fence + 1, available_at = clock_timestamp() + @lease
        WHERE o.id = ANY (@ids) AND o.node = @node AND o.fence = 0
        RETURNING {PublishColumns}
        """;

    /// <summary>Takes due rows, oldest first. Index <c>outbox_available</c>.</summary>
    public string Claim { get; } =
        $"""
        WITH due AS MATERIALIZED (
            SELECT id FROM {schema}.outbox
            WHERE available_at <= (SELECT clock_timestamp())
            ORDER BY available_at
            LIMIT @limit
            FOR UPDATE SKIP LOCKED)
        UPDATE {schema}.outbox o
        SET fence = o.fence + 1, node = @node, available_at = clock_timestamp() + @lease
        FROM due
        WHERE o.id = due.id
        RETURNING {PublishColumns}
        """;

    /// <summary>The time until the next row is available, null when there is none. Index <c>outbox_available</c>.</summary>
    public string NextAvailable { get; } =
        $"SELECT available_at - clock_timestamp() FROM {schema}.outbox WHERE available_at < 'infinity' ORDER BY available_at LIMIT 1";

    public string Heartbeat { get; } =
        $"""
        INSERT INTO {schema}.node (id, service, host) VALUES (@node, @service, @host)
        ON CONFLICT (id) DO UPDATE SET heartbeat_at = clock_timestamp()
        """;

    /// <summary>Moves sent rows to the history, if this process still holds them. Primary key.</summary>
    public string Finish { get; } =
        $"""
        WITH sent AS (
            DELETE FROM {schema}.outbox o
            USING unnest(@ids, @fences) AS held (id, fence)
            WHERE o.id = held.id AND o.fence = held.fence
            RETURNING o.*)
        INSERT INTO {schema}.outbox_history
            (id, message_id, name, exchange, routing_key, content_type, headers, body, correlation_id, causation_id,
             traceparent, created_at, due_at, attempts, sent_at)
        SELECT id, message_id, name, exchange, routing_key, content_type, headers, body, correlation_id, causation_id,
               traceparent, created_at, due_at, attempts + 1, clock_timestamp()
        FROM sent
        ON CONFLICT (id) DO NOTHING
        """;

    /// <summary>Keeps rows for a later attempt, with the reason, if this process still holds them. Primary key.</summary>
    public string Fail { get; } =
        $"""
        UPDATE {schema}.outbox o
        SET attempts = o.attempts + 1, error_kind = f.kind, error = f.error,
            available_at = clock_timestamp() + f.delay, node = NULL
        FROM unnest(@ids, @fences, @kinds, @errors, @delays) AS f (id, fence, kind, error, delay)
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
        WHERE node = @node AND available_at <= (SELECT clock_timestamp()) + @lease
        """;

    /// <summary>
    /// Removes sent rows that are old enough. Ids begin with the time they were made, so the primary key finds
    /// the oldest without an index on the time of sending; a row that was sent much later than made is skipped
    /// until its time.
    /// </summary>
    public string RemoveHistory { get; } =
        $"""
        DELETE FROM {schema}.outbox_history
        WHERE id IN (
            SELECT id FROM {schema}.outbox_history
            WHERE id < (SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp() - @keep) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid)
              AND sent_at < (SELECT clock_timestamp()) - @keep
            ORDER BY id
            LIMIT @limit
            FOR UPDATE SKIP LOCKED)
        """;

    /// <summary>
    /// For health and metrics: how many should have left, and how late the oldest is. A row between two
    /// attempts counts too; the longest delay between them is five minutes. Index <c>outbox_available</c>.
    /// </summary>
    public string Pending { get; } =
        $"""
        SELECT count(*), max(late)
        FROM (SELECT clock_timestamp() - greatest(created_at, due_at) AS late FROM {schema}.outbox
              WHERE available_at <= (SELECT clock_timestamp()) + greatest(@lease, interval '5 minutes')
                AND (due_at IS NULL OR due_at <= clock_timestamp())
              LIMIT 10001) AS waiting
        """;
}
