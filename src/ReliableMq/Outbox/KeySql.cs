namespace ReliableMq.Outbox;

/// <summary>
/// Every statement on <c>outbox_key</c>, which only dispatchers write. A key is leased as a whole: its row says
/// who may send its messages, and its token, new with every claim, is checked by whatever is written about them.
/// A key may lack its row: then its messages are found like others, when their own lease runs out.
/// </summary>
internal sealed class KeySql(string schema)
{
    /// <summary>
    /// The advisory lock that a transaction holds to its end once it has stored a message of the key. Hashes
    /// that meet only wait for one another.
    /// </summary>
    public static string LockOf(string schema, string orderingKey) =>
        $"hashtextextended({orderingKey}, hashtextextended('reliable_mq ordering key {schema}', 0))";

    /// <summary>Takes keys that became due after a time, see <see cref="OutboxSql.Claim"/>. Index <c>outbox_key_available</c>.</summary>
    public string ClaimDue { get; } =
        $"""
        WITH due AS MATERIALIZED (
            SELECT ordering_key FROM {schema}.outbox_key
            WHERE available_at > @from AND available_at <= (SELECT clock_timestamp())
            ORDER BY available_at
            LIMIT @limit
            FOR UPDATE SKIP LOCKED)
        UPDATE {schema}.outbox_key k
        SET node = @node, token = @token, available_at = clock_timestamp() + @lease
        FROM due
        WHERE k.ordering_key = due.ordering_key
        RETURNING k.ordering_key, k.token
        """;

    /// <summary>
    /// Enters keys that have messages, and takes those that nobody holds, if asked to. Whoever holds one is told,
    /// by <c>asked</c>, not to remove it before looking again. Primary key.
    /// </summary>
    public string Enroll { get; } =
        $"""
        INSERT INTO {schema}.outbox_key AS k (ordering_key, node, token, available_at)
        SELECT ordering_key, CASE WHEN @claim THEN @node END, @token, clock_timestamp() + CASE WHEN @claim THEN @lease ELSE interval '0' END
        FROM unnest(@keys) AS w (ordering_key)
        WHERE EXISTS (SELECT FROM {schema}.outbox o WHERE o.ordering_key = w.ordering_key AND o.ordered)
        ORDER BY w.ordering_key COLLATE "C"
        ON CONFLICT (ordering_key) DO UPDATE
        SET asked = true,
            node = CASE WHEN @claim AND k.available_at <= clock_timestamp() THEN excluded.node ELSE k.node END,
            token = CASE WHEN @claim AND k.available_at <= clock_timestamp() THEN excluded.token ELSE k.token END,
            available_at = CASE WHEN @claim AND k.available_at <= clock_timestamp() THEN excluded.available_at ELSE k.available_at END
        RETURNING k.ordering_key, k.token
        """;

    /// <summary>
    /// Before several keys are written: in one order, that of <see cref="Enroll"/>, so that two processes do not lock each
    /// other out. Primary key.
    /// </summary>
    public string Lock { get; } =
        $"SELECT FROM {schema}.outbox_key WHERE ordering_key = ANY (@keys) ORDER BY ordering_key FOR UPDATE";

    /// <summary>
    /// Removes keys that have nothing to send. One that was asked for meanwhile stays: the snapshot of this
    /// statement may be older than the message. Primary key and index <c>outbox_ordered</c>.
    /// </summary>
    public string Close { get; } =
        $"""
        DELETE FROM {schema}.outbox_key k
        USING unnest(@keys, @tokens) AS held (ordering_key, token)
        WHERE k.ordering_key = held.ordering_key AND k.token = held.token AND NOT k.asked
          AND NOT EXISTS (SELECT FROM {schema}.outbox o WHERE o.ordering_key = k.ordering_key AND o.ordered)
        """;

    /// <summary>
    /// Extends the lease of keys that have more to send. One whose first message waits for an operator waits
    /// with it; one that was asked for and has none is given back, to be looked at again.
    /// </summary>
    public string Renew { get; } =
        $"""
        UPDATE {schema}.outbox_key k
        SET asked = false,
            available_at = CASE WHEN next.failed_at IS NOT NULL THEN 'infinity'
                                WHEN next.id IS NULL THEN clock_timestamp()
                                ELSE clock_timestamp() + @lease END,
            node = CASE WHEN next.id IS NOT NULL AND next.failed_at IS NULL THEN @node END
        FROM unnest(@keys, @tokens) AS held (ordering_key, token)
        LEFT JOIN LATERAL (
            SELECT id, failed_at FROM {schema}.outbox o
            WHERE o.ordering_key = held.ordering_key AND o.ordered
            ORDER BY o.sequence
            LIMIT 1) AS next ON true
        WHERE k.ordering_key = held.ordering_key AND k.token = held.token
        """;

    /// <summary>
    /// The next messages of keys that this process holds, in their order. A statement of its own after the claim,
    /// whose snapshot may be older than what the last holder finished. Primary key and index <c>outbox_ordered</c>.
    /// </summary>
    public string Read { get; } =
        $"""
        SELECT {OutboxSql.RowColumns}, k.available_at - clock_timestamp(), k.token
        FROM unnest(@keys, @tokens) AS held (ordering_key, token)
        JOIN {schema}.outbox_key k ON k.ordering_key = held.ordering_key AND k.token = held.token AND k.node = @node
        CROSS JOIN LATERAL (
            SELECT * FROM {schema}.outbox
            WHERE ordering_key = k.ordering_key AND ordered
            ORDER BY sequence
            LIMIT @run) AS o
        ORDER BY k.ordering_key, o.sequence
        """;

    /// <summary>Moves rows of keys to the history. Primary keys.</summary>
    /// <remarks>The rows that come back are those whose key is still this process's, sent before or now.</remarks>
    public string Finish { get; } =
        $"""
        WITH held AS (
            SELECT h.id FROM unnest(@ids, @keys, @tokens) AS h (id, ordering_key, token)
            JOIN {schema}.outbox_key k ON k.ordering_key = h.ordering_key AND k.token = h.token),
        finished AS (
            DELETE FROM {schema}.outbox o USING held WHERE o.id = held.id RETURNING o.*),
        moved AS ({OutboxSql.MoveToHistory(schema, "finished")})
        SELECT id FROM held
        """;

    /// <summary>Keeps the first rows of keys for a later attempt or for an operator, and gives the keys back until then. Primary keys.</summary>
    public string Fail { get; } =
        $"""
        WITH failed AS (
            UPDATE {schema}.outbox o
            SET attempts = o.attempts + f.counted, error_kind = f.kind, error = f.error,
                failed_at = CASE WHEN f.gives_up THEN clock_timestamp() END
            FROM unnest(@ids, @keys, @tokens, @counted, @kinds, @errors, @delays, @gives_up)
                 AS f (id, ordering_key, token, counted, kind, error, delay, gives_up)
            JOIN {schema}.outbox_key k ON k.ordering_key = f.ordering_key AND k.token = f.token
            WHERE o.id = f.id
            RETURNING o.ordering_key, f.token, f.delay, f.gives_up)
        UPDATE {schema}.outbox_key k
        SET node = NULL, available_at = CASE WHEN failed.gives_up THEN 'infinity' ELSE clock_timestamp() + failed.delay END
        FROM failed
        WHERE k.ordering_key = failed.ordering_key AND k.token = failed.token
        """;

    /// <summary>Gives keys back whose first message was not published. Primary key.</summary>
    public string Release { get; } =
        $"""
        UPDATE {schema}.outbox_key k
        SET node = NULL, available_at = clock_timestamp() + @delay
        FROM unnest(@keys, @tokens) AS held (ordering_key, token)
        WHERE k.ordering_key = held.ordering_key AND k.token = held.token
        """;

    /// <summary>Gives back every key that this process holds, when it stops. Index <c>outbox_key_available</c>.</summary>
    public string ReleaseAll { get; } =
        $"""
        UPDATE {schema}.outbox_key
        SET node = NULL, available_at = clock_timestamp()
        WHERE node = @node AND available_at <= (SELECT clock_timestamp()) + @lease
        """;

    /// <summary>Rows that were claimed by themselves although their key is entered: the key is what finds them. Primary key.</summary>
    public string Park { get; } =
        $"""
        UPDATE {schema}.outbox o
        SET available_at = 'infinity', node = NULL
        FROM unnest(@ids, @fences) AS held (id, fence)
        WHERE o.id = held.id AND o.fence = held.fence
        """;

    /// <summary>
    /// Tries the locks of keys, so that none of their messages can get a sequence number until this transaction
    /// ends, and remembers for the statements after it which it got.
    /// </summary>
    public string Quieten { get; } =
        $"""
        SELECT set_config('reliable_mq.quiet', coalesce(array_agg(ordering_key), ARRAY[]::text[])::text, true)
        FROM unnest(@keys) AS k (ordering_key) WHERE pg_try_advisory_xact_lock({LockOf(schema, "ordering_key")})
        """;

    /// <summary>
    /// A scheduled message whose time has come takes its place, behind what was stored before and behind those of
    /// its key that were due earlier, whoever holds them. Follows <see cref="Quieten"/>. Primary key and index
    /// <c>outbox_joining</c>.
    /// </summary>
    public string Join { get; } =
        $"""
        UPDATE {schema}.outbox o
        SET sequence = DEFAULT, ordered = true
        WHERE o.id = @id AND o.fence = @fence AND o.ordering_key = ANY (current_setting('reliable_mq.quiet')::text[])
          AND NOT EXISTS (
              SELECT FROM {schema}.outbox earlier
              WHERE earlier.ordering_key = o.ordering_key AND NOT earlier.ordered
                AND (earlier.due_at, earlier.id) < (o.due_at, o.id))
        """;

    /// <summary>A destination takes messages again, or is to be tried: keys that wait for it are offered. Index <c>outbox_failing</c>.</summary>
    public string Hurry { get; } =
        $"""
        UPDATE {schema}.outbox_key
        SET available_at = clock_timestamp()
        WHERE ordering_key = ANY (ARRAY(
            SELECT k.ordering_key FROM {schema}.outbox o
            JOIN {schema}.outbox_key k ON k.ordering_key = o.ordering_key
            WHERE o.exchange = @exchange AND o.routing_key = @routing_key AND o.error_kind IS NOT NULL AND o.error_kind <> 'refused'
              AND o.ordered AND o.failed_at IS NULL AND k.node IS NULL AND k.available_at > clock_timestamp() AND k.available_at < 'infinity'
            ORDER BY k.ordering_key
            LIMIT @limit
            FOR UPDATE OF k SKIP LOCKED))
        """;
}
