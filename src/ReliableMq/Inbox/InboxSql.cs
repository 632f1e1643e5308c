using System.Globalization;
using ReliableMq.Failing;

namespace ReliableMq.Inbox;

/// <summary>Every statement on <c>inbox</c>. All but the housekeeping by primary key, and keys by the indexes <c>failure_ordered</c> and <c>parked_order</c>.</summary>
internal sealed class InboxSql(string schema)
{
    /// <summary>
    /// Bounds the wait for another delivery of the same message, up to <see cref="UnboundWait"/>, and the time that the
    /// transaction may stand idle. The latter ends that of a process that stands still, or whose machine is gone without
    /// a word: the database would keep it, and its messages, for hours. Longer than an attempt may last; a shorter limit
    /// of the database stays. Warnings are told, see <see cref="CheckedCommit"/>. One row comes back.
    /// </summary>
    public static string Bound(TimeSpan idle) => string.Create(CultureInfo.InvariantCulture,
        $"""
        SELECT set_config('lock_timeout', '5s', true),
               set_config('client_min_messages', replace(s.least, 'error', 'warning'), true),
               set_config('idle_in_transaction_session_timeout', CASE
                   WHEN s.idle::interval BETWEEN '1 ms' AND '{idle.TotalMilliseconds:0} ms' THEN s.idle ELSE '{idle.TotalMilliseconds:0}' END, true)
        FROM (SELECT current_setting('idle_in_transaction_session_timeout'), current_setting('client_min_messages')) AS s (idle, least)
        """);

    public string UnboundWait { get; } = "SET LOCAL lock_timeout TO DEFAULT";

    /// <summary>
    /// Two at once wait here for one another. A row comes back for the one that may run, and names its transaction. The
    /// epoch is the first that had this body: before it, the message may have been another before an operator edited it.
    /// </summary>
    public string Insert { get; } =
        $"""
        INSERT INTO {schema}.inbox (queue, message_id, fingerprint, epoch)
        VALUES (@queue, @message_id, @fingerprint, CASE
            WHEN @epoch > 0 AND EXISTS (SELECT FROM {schema}.failure f WHERE f.queue = @queue AND f.message_id = @message_id AND f.fingerprint = @fingerprint) THEN 0
            ELSE @epoch END)
        ON CONFLICT DO NOTHING RETURNING pg_current_xact_id()::xid
        """;

    /// <summary>Keeps others out like <see cref="Insert"/>, for one who will not run; taken back in the same transaction.</summary>
    public string Claim { get; } =
        $"INSERT INTO {schema}.inbox (queue, message_id, fingerprint, epoch) VALUES (@queue, @message_id, '00000000-0000-0000-0000-000000000000', 0) ON CONFLICT DO NOTHING RETURNING 1";

    /// <summary>Takes back what the same transaction has inserted, so that those who waited for it may run when it ends.</summary>
    public string TakeBack { get; } = $"DELETE FROM {schema}.inbox WHERE queue = @queue AND message_id = @message_id";

    /// <summary>Rows come back for those that may run, and name the transaction. The ids are sorted.</summary>
    public string InsertMany { get; } =
        $"""
        INSERT INTO {schema}.inbox (queue, message_id, fingerprint, epoch)
        SELECT @queue, message_id, fingerprint, epoch FROM unnest(@message_ids, @fingerprints, @epochs) AS m (message_id, fingerprint, epoch)
        ON CONFLICT DO NOTHING RETURNING message_id, pg_current_xact_id()::xid
        """;

    /// <summary>Those that failed before.</summary>
    public string HaveStanding { get; } =
        $"SELECT message_id FROM {schema}.failure WHERE queue = @queue AND message_id = ANY(@message_ids)";

    /// <summary>Where the message stands, if it ever failed.</summary>
    public string Standing { get; } =
        $"""
        SELECT epoch, attempts, state, next_attempt_at - clock_timestamp(), ordering_key, fingerprint FROM {schema}.failure
        WHERE queue = @queue AND message_id = @message_id
        """;

    /// <summary>The same, and always a row: whether the message's ordering key is held back.</summary>
    public string StandingInOrder { get; } =
        $"""
        SELECT f.epoch, f.attempts, f.state, f.next_attempt_at - clock_timestamp(), f.ordering_key, f.fingerprint, k.held
        FROM (SELECT {ParkedSql.IsHeld(schema)} AS held) AS k
        LEFT JOIN {schema}.failure f ON f.queue = @queue AND f.message_id = @message_id
        """;

    /// <summary>
    /// What the queue's inbox has forgotten. It must be a statement after the insert, whose snapshot is then not older
    /// than the insert's look: whoever sees a row gone sees the horizon that was raised with its removal.
    /// </summary>
    public string Horizon { get; } =
        $"SELECT forgotten_until FROM {schema}.inbox_horizon WHERE queue = @queue";

    /// <summary>
    /// How a message was handled whose row is in the way. Locked, so that there is something to commit: a row can be seen
    /// here that a synchronous standby does not have yet, because its own commit was broken off while it waited. A later
    /// commit waits for all before it. Without that the delivery is acked, the standby takes over, and the message is lost.
    /// </summary>
    public string Handled { get; } =
        $"SELECT fingerprint, epoch, handled_at FROM {schema}.inbox WHERE queue = @queue AND message_id = @message_id FOR KEY SHARE";

    /// <summary>How many of these messages are done.</summary>
    public string CountDone { get; } =
        $"SELECT count(*) FROM {schema}.inbox WHERE queue = @queue AND message_id = ANY(@message_ids)";

    /// <summary>
    /// Removes the oldest rows, and raises each queue's horizon to the newest of its own in the same statement. What is
    /// left of a failure of the message goes with them, and so does a dead letter that a further copy of it became: that
    /// the message is done would no longer be known, and a replay would handle it again. Index <c>inbox_handled_at</c>.
    /// </summary>
    public string RemoveHandled { get; } = Remove(schema, "inbox", "handled_at", "true", more:
        $"""
        copies AS (
            DELETE FROM {schema}.dead_letter d USING removed r
            WHERE d.queue = r.queue AND d.message_id = r.message_id AND d.replayed_at IS NULL),
        """);

    /// <summary>
    /// Removes dead letters that were discarded and what stands for their messages in <c>failure</c>. Those that wait
    /// for an operator stay, and those whose replay is on its way. Index <c>dead_letter_discarded</c>.
    /// </summary>
    public string RemoveDiscarded { get; } = Remove(schema, "dead_letter", "discarded_at", "f.epoch = r.epoch AND f.state = 'discarded'", only: "AND replayed_at IS NULL");

    /// <summary>Horizons in the order of the queues, so that two that remove at once do not lock each other out.</summary>
    private static string Remove(string schema, string table, string time, string failures, string only = "", string more = "") =>
        $"""
        WITH removed AS (
            DELETE FROM {schema}.{table}
            WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM {schema}.{table}
                WHERE {time} >= @after AND {time} < (SELECT clock_timestamp()) - @keep {only}
                ORDER BY {time}
                LIMIT @limit
                FOR UPDATE SKIP LOCKED))
            RETURNING queue, message_id, epoch, {time}),
        {more}
        failed AS (
            DELETE FROM {schema}.failure f USING removed r
            WHERE f.queue = r.queue AND f.message_id = r.message_id AND {failures}),
        raised AS (
            INSERT INTO {schema}.inbox_horizon AS h (queue, forgotten_until)
            SELECT queue, max({time}) FROM removed GROUP BY queue ORDER BY queue
            ON CONFLICT (queue) DO UPDATE SET forgotten_until = greatest(h.forgotten_until, excluded.forgotten_until))
        SELECT count(*), max({time}) FROM removed
        """;
}
