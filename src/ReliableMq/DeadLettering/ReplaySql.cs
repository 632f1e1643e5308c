namespace ReliableMq.DeadLettering;

/// <summary>The statements of replaying and discarding. Operators cause them, so they may read what their filter asks for.</summary>
internal sealed class ReplaySql(string schema)
{
    /// <summary>Counted to 10,001. Index <c>dead_letter_waiting</c>.</summary>
    public string CountWaiting { get; } =
        $"SELECT count(*) FROM (SELECT FROM {schema}.dead_letter WHERE discarded_at IS NULL AND replayed_at IS NULL LIMIT 10001) AS waiting";

    public string Begin { get; } =
        $"""
        INSERT INTO {schema}.replay (filter, per_second, beyond_horizon, requested_by) VALUES (@filter, @per_second, @beyond_horizon, @who)
        RETURNING id, requested_at
        """;

    /// <summary>A running replay whose next messages are due, and which nobody works at. Index <c>replay_running</c>.</summary>
    public string Take { get; } =
        $"""
        SELECT id, filter, per_second, beyond_horizon, requested_by, requested_at, last_dead_at, last_queue, last_message_id, last_epoch
        FROM {schema}.replay WHERE finished_at IS NULL AND next_at <= clock_timestamp()
        ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED
        """;

    /// <summary>When the next messages of any running replay are due.</summary>
    public string Next { get; } = $"SELECT min(next_at) - clock_timestamp() FROM {schema}.replay WHERE finished_at IS NULL";

    /// <summary>
    /// The next with the conditions of the filter, locked, so that two operators do not do two things with one; of these
    /// as many as their bodies allow, at least one, each with the number of those that were locked.
    /// </summary>
    public string Rows(string conditions) =>
        $"""
        WITH locked AS (
            SELECT d.dead_at, d.queue, d.message_id, d.epoch, octet_length(d.body) AS bytes FROM {schema}.dead_letter d
            WHERE (d.dead_at, d.queue, d.message_id, d.epoch) > (@last_dead_at, @last_queue, @last_message_id, @last_epoch)
              AND d.dead_at <= @requested_at AND d.replayed_at IS NULL AND {conditions}
            ORDER BY d.dead_at, d.queue, d.message_id, d.epoch
            LIMIT @limit FOR UPDATE OF d),
        counted AS (
            SELECT l.*, sum(bytes) OVER (ORDER BY dead_at, queue, message_id, epoch) - bytes AS before, count(*) OVER () AS all FROM locked l)
        SELECT d.queue, d.message_id, d.epoch, d.name, d.content_type, d.headers, d.body, d.correlation_id, d.reply_to, d.priority, d.dead_at,
               d.exchange, d.routing_key, d.error_type, c.all
        FROM counted c JOIN {schema}.dead_letter d ON d.queue = c.queue AND d.message_id = c.message_id AND d.epoch = c.epoch
        WHERE c.before < @most_bytes
        ORDER BY c.dead_at, c.queue, c.message_id, c.epoch
        """;

    /// <summary>One by its key, in whatever state.</summary>
    public string Row { get; } =
        $"""
        SELECT d.queue, d.message_id, d.epoch, d.name, d.content_type, d.headers, d.body, d.correlation_id, d.reply_to, d.priority, d.dead_at,
               d.exchange, d.routing_key, d.error_type, d.replayed_at
        FROM {schema}.dead_letter d WHERE d.queue = @queue AND d.message_id = @message_id AND d.epoch = @epoch FOR UPDATE OF d
        """;

    /// <summary>
    /// Opens the next epoch of messages that are dead or discarded in this one and were not handled. Rows come back for
    /// those that may be sent.
    /// </summary>
    public string Admit { get; } =
        $"""
        INSERT INTO {schema}.failure AS f (queue, message_id, epoch, attempts, state, next_attempt_at)
        SELECT r.queue, r.message_id, least(r.epoch, 2147483646) + 1, 0, 'scheduled', clock_timestamp()
        FROM unnest(@queues, @message_ids, @epochs) AS r (queue, message_id, epoch)
        WHERE NOT EXISTS (SELECT FROM {schema}.inbox i WHERE i.queue = r.queue AND i.message_id = r.message_id)
        ON CONFLICT (queue, message_id) DO UPDATE
        SET epoch = excluded.epoch, attempts = 0, state = 'scheduled', next_attempt_at = excluded.next_attempt_at, error_type = NULL, error = NULL, ordering_key = NULL,
            fingerprint = CASE WHEN @edited THEN NULL ELSE f.fingerprint END
        WHERE f.epoch < excluded.epoch AND f.state IN ('dead', 'discarded')
        RETURNING queue, message_id
        """;

    /// <summary>Why messages were not admitted.</summary>
    public string Refusals { get; } =
        $"""
        SELECT r.queue, r.message_id, i.handled_at, f.state, f.epoch
        FROM unnest(@queues, @message_ids) AS r (queue, message_id)
        LEFT JOIN {schema}.inbox i ON i.queue = r.queue AND i.message_id = r.message_id
        LEFT JOIN {schema}.failure f ON f.queue = r.queue AND f.message_id = r.message_id
        """;

    public string Replayed { get; } =
        $"""
        UPDATE {schema}.dead_letter d SET replayed_at = clock_timestamp()
        FROM unnest(@queues, @message_ids, @epochs) AS r (queue, message_id, epoch)
        WHERE d.queue = r.queue AND d.message_id = r.message_id AND d.epoch = r.epoch
        """;

    public string Advance { get; } =
        $"""
        UPDATE {schema}.replay
        SET last_dead_at = @last_dead_at, last_queue = @last_queue, last_message_id = @last_message_id, last_epoch = @last_epoch,
            replayed = replayed + @replayed, refused = refused + @refused, refusal = coalesce(@refusal, refusal),
            next_at = clock_timestamp() + @pause, finished_at = CASE WHEN @finished THEN clock_timestamp() END
        WHERE id = @id
        """;

    public string Postpone { get; } = $"UPDATE {schema}.replay SET next_at = clock_timestamp() + @pause, refusal = @refusal WHERE id = @id AND finished_at IS NULL";

    public string Cancel { get; } =
        $"""
        UPDATE {schema}.replay SET finished_at = coalesce(finished_at, clock_timestamp()), cancelled_at = CASE WHEN finished_at IS NULL THEN clock_timestamp() END
        WHERE id = @id
        """;

    public string List { get; } =
        $"""
        SELECT id, requested_by, requested_at, replayed, refused, refusal, finished_at, cancelled_at IS NOT NULL
        FROM {schema}.replay ORDER BY id DESC LIMIT 100
        """;

    /// <summary>
    /// A further copy of a discarded message is acked unread; one that already has a later life is left alone. Tells how
    /// many it was and where to go on. Index <c>dead_letter_dead_at</c>.
    /// </summary>
    public string Discard(string conditions) =>
        $"""
        WITH chosen AS (
            SELECT d.dead_at, d.queue, d.message_id, d.epoch FROM {schema}.dead_letter d
            WHERE (d.dead_at, d.queue, d.message_id, d.epoch) > (@last_dead_at, @last_queue, @last_message_id, @last_epoch)
              AND d.dead_at <= @requested_at AND {conditions}
            ORDER BY d.dead_at, d.queue, d.message_id, d.epoch LIMIT @limit FOR UPDATE OF d),
        marked AS (
            INSERT INTO {schema}.failure AS f (queue, message_id, epoch, attempts, state, error)
            SELECT queue, message_id, epoch, 0, 'discarded', @reason FROM chosen ORDER BY queue, message_id
            ON CONFLICT (queue, message_id) DO UPDATE SET state = 'discarded', next_attempt_at = NULL
            WHERE f.epoch = excluded.epoch AND f.state = 'dead'),
        discarded AS (
            UPDATE {schema}.dead_letter d SET discarded_at = clock_timestamp(), reason = @reason || ' Before: ' || d.reason
            FROM chosen c WHERE d.queue = c.queue AND d.message_id = c.message_id AND d.epoch = c.epoch)
        SELECT count(*) OVER (), dead_at, queue, message_id, epoch FROM chosen
        ORDER BY dead_at DESC, queue DESC, message_id DESC, epoch DESC LIMIT 1
        """;

    public string Now { get; } = "SELECT clock_timestamp()";

    /// <summary>
    /// Removes what was replayed long ago. One whose copy is on its way stays: should that be lost, this is all there is of
    /// the message. Index <c>dead_letter_replayed</c>.
    /// </summary>
    public string RemoveReplayed { get; } =
        $"""
        DELETE FROM {schema}.dead_letter WHERE ctid = ANY (ARRAY(
            SELECT d.ctid FROM {schema}.dead_letter d
            WHERE d.replayed_at < (SELECT clock_timestamp()) - @keep
              AND NOT EXISTS (
                  SELECT FROM {schema}.failure f
                  WHERE f.queue = d.queue AND f.message_id = d.message_id AND f.epoch > d.epoch AND f.state IN ('failing', 'scheduled'))
            ORDER BY d.replayed_at
            LIMIT @limit
            FOR UPDATE OF d SKIP LOCKED))
        """;

    /// <summary>Operators cause these rows, so there are few.</summary>
    public string RemoveReplays { get; } =
        $"""
        DELETE FROM {schema}.replay WHERE id = ANY (ARRAY(
            SELECT id FROM {schema}.replay WHERE finished_at < (SELECT clock_timestamp()) - @keep ORDER BY id LIMIT @limit FOR UPDATE SKIP LOCKED))
        """;

    /// <summary>The oldest come first by their id, so that it looks at no more than it removes.</summary>
    public string RemoveAudit { get; } =
        $"""
        WITH oldest AS MATERIALIZED (SELECT id, at FROM {schema}.audit ORDER BY id LIMIT @limit)
        DELETE FROM {schema}.audit a USING oldest o WHERE a.id = o.id AND o.at < (SELECT clock_timestamp()) - @keep
        """;

    /// <summary>Newest last, in pages by time and key. Index <c>dead_letter_dead_at</c>.</summary>
    public string Page(string conditions) =>
        $"""
        SELECT d.queue, d.message_id, d.epoch, d.name, d.reason, d.error_type, d.error, d.attempts, d.dead_at, d.body, d.headers, d.correlation_id,
               d.discarded_at, d.replayed_at, d.content_type
        FROM {schema}.dead_letter d
        WHERE (d.dead_at, d.queue, d.message_id, d.epoch) > (@last_dead_at, @last_queue, @last_message_id, @last_epoch) AND {conditions}
        ORDER BY d.dead_at, d.queue, d.message_id, d.epoch
        LIMIT @limit
        """;
}
