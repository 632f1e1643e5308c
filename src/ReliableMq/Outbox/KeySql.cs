namespace ReliableMq.Outbox;

/// <summary>
/// Every statement on <c>outbox_key</c>. A key is leased as a whole: its row says who may send its messages,
/// and its token, new with every claim, is checked by whatever is written about them.
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
        SET node = @node, token = gen_random_uuid(), available_at = clock_timestamp() + @lease
        FROM due
        WHERE k.ordering_key = due.ordering_key
        RETURNING k.ordering_key, k.token
        """;

    /// <summary>
    /// Takes keys whose messages were handed over: those born with this process's lease, and those that nobody
    /// holds and that are due within a second, where a key waits while a transaction on it is open. Primary key.
    /// </summary>
    public string ClaimNamed { get; } =
        $"""
        WITH named AS MATERIALIZED (
            SELECT ordering_key FROM {schema}.outbox_key
            WHERE ordering_key = ANY (@keys)
              AND (node = @node OR available_at <= clock_timestamp() OR node IS NULL AND available_at <= clock_timestamp() + interval '1 second')
            ORDER BY ordering_key
            FOR UPDATE)
        UPDATE {schema}.outbox_key k
        SET node = @node, token = gen_random_uuid(), available_at = clock_timestamp() + @lease
        FROM named
        WHERE k.ordering_key = named.ordering_key
        RETURNING k.ordering_key, k.token
        """;

    /// <summary>
    /// The next messages of keys that this process holds, in their order. Follows <see cref="Renew"/>, in a
    /// statement of its own after the claim: the snapshot of the claim itself may be older than what the last
    /// holder finished. Indexes <c>outbox_key_pkey</c> and <c>outbox_ordered</c>.
    /// </summary>
    public string Read { get; } =
        $"""
        SELECT {OutboxSql.RowColumns}, k.available_at - clock_timestamp(), k.token
        FROM unnest(@keys, @tokens) AS held (ordering_key, token)
        JOIN {schema}.outbox_key k ON k.ordering_key = held.ordering_key AND k.token = held.token AND k.node = @node
        CROSS JOIN LATERAL (
            SELECT * FROM {schema}.outbox
            WHERE ordering_key = k.ordering_key AND available_at = 'infinity'
            ORDER BY sequence
            LIMIT @run) AS o
        ORDER BY k.ordering_key, o.sequence
        """;

    /// <summary>
    /// Of keys, those on which no transaction is open now, and none can be until this one ends. Only then may a
    /// key be removed: a transaction that saw its row relies on it.
    /// </summary>
    public string Quieten { get; } =
        $"SELECT ordering_key FROM unnest(@keys) AS k (ordering_key) WHERE pg_try_advisory_xact_lock({LockOf(schema, "ordering_key")})";

    /// <summary>Removes quiet keys that have nothing to send. Follows <see cref="Quieten"/> with a snapshot of its own. Primary key.</summary>
    public string Close { get; } =
        $"""
        DELETE FROM {schema}.outbox_key k
        USING unnest(@keys, @tokens) AS held (ordering_key, token)
        WHERE k.ordering_key = held.ordering_key AND k.token = held.token AND k.ordering_key = ANY (@quiet)
          AND NOT EXISTS (SELECT FROM {schema}.outbox o WHERE o.ordering_key = k.ordering_key AND o.available_at = 'infinity')
        """;

    /// <summary>
    /// Extends the lease of keys that have more to send, also of one that was given back a moment ago and that
    /// nobody has taken since, as its token says. One whose first message waits for an operator waits
    /// with it; one without messages, on which a transaction is open, is looked at again in a second.
    /// </summary>
    public string Renew { get; } =
        $"""
        UPDATE {schema}.outbox_key k
        SET available_at = CASE WHEN next.failed_at IS NOT NULL THEN 'infinity'
                                WHEN next.id IS NULL THEN clock_timestamp() + interval '1 second'
                                ELSE clock_timestamp() + @lease END,
            node = CASE WHEN next.id IS NOT NULL AND next.failed_at IS NULL THEN @node END
        FROM unnest(@keys, @tokens) AS held (ordering_key, token)
        LEFT JOIN LATERAL (
            SELECT id, failed_at FROM {schema}.outbox o
            WHERE o.ordering_key = held.ordering_key AND o.available_at = 'infinity'
            ORDER BY o.sequence
            LIMIT 1) AS next ON true
        WHERE k.ordering_key = held.ordering_key AND k.token = held.token
        """;

    /// <summary>Moves rows of keys that this process still holds to the history. Primary keys.</summary>
    public string Finish { get; } =
        $"""
        WITH finished AS (
            DELETE FROM {schema}.outbox o
            USING unnest(@ids, @keys, @tokens) AS held (id, ordering_key, token)
            JOIN {schema}.outbox_key k ON k.ordering_key = held.ordering_key AND k.token = held.token
            WHERE o.id = held.id
            RETURNING o.*),
        moved AS ({OutboxSql.MoveToHistory(schema, "finished")})
        SELECT id FROM finished
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

    /// <summary>
    /// A scheduled message whose time has come joins its key, behind what was stored before: it gets its
    /// sequence number now. Follows <see cref="Quieten"/>; one statement a row, in the order of their times.
    /// </summary>
    public string Join { get; } =
        $"""
        WITH joined AS (
            UPDATE {schema}.outbox
            SET sequence = DEFAULT, available_at = 'infinity', node = NULL
            WHERE id = @id AND fence = @fence
            RETURNING ordering_key)
        INSERT INTO {schema}.outbox_key (ordering_key, node, token, available_at)
        SELECT ordering_key, @node, gen_random_uuid(), clock_timestamp() + @lease FROM joined
        ON CONFLICT (ordering_key) DO NOTHING
        """;

    /// <summary>A destination takes messages again: the keys that wait for it are offered at once. Index <c>outbox_failing</c>.</summary>
    public string Hurry { get; } =
        $"""
        UPDATE {schema}.outbox_key k
        SET available_at = clock_timestamp()
        FROM {schema}.outbox o
        WHERE o.exchange = @exchange AND o.routing_key = @routing_key AND o.error_kind IS NOT NULL AND o.error_kind <> 'refused'
          AND o.available_at = 'infinity' AND o.failed_at IS NULL
          AND k.ordering_key = o.ordering_key AND k.node IS NULL AND k.available_at > clock_timestamp() AND k.available_at < 'infinity'
        """;
}
