namespace ReliableMq.Failing;

/// <summary>
/// Every statement on <c>parked</c>. An ordering key of a queue is held as long as a row of <c>failure</c> or
/// <c>parked</c> names it. Index <c>parked_order</c>, and <c>failure_ordered</c> for the other table.
/// </summary>
internal sealed class ParkedSql(string schema)
{
    /// <summary>As <see cref="Receiving.Delivery.Fingerprint"/> has it.</summary>
    private const string Fingerprint = "encode(substring(sha256(body) FOR 16), 'hex')::uuid";

    /// <summary>Whether the key is held.</summary>
    public static string IsHeld(string schema) =>
        $"""
        (EXISTS (SELECT FROM {schema}.failure h WHERE h.queue = @queue AND h.ordering_key = @ordering_key)
         OR EXISTS (SELECT FROM {schema}.parked p WHERE p.queue = @queue AND p.ordering_key = @ordering_key))
        """;

    /// <summary>
    /// Whoever parks a message of the key, or ends what holds it, does so behind this lock. A message is therefore
    /// parked before the key's next is looked for, or not at all. Hashes that meet only wait for one another.
    /// </summary>
    public string Lock { get; } =
        $"SELECT pg_advisory_xact_lock(hashtextextended(@ordering_key, hashtextextended(@queue, hashtextextended('reliable_mq held key {schema}', 0))))";

    /// <summary>Parks a message of a key that is held. One that has failed before is not behind others.</summary>
    public string Park { get; } =
        $"""
        INSERT INTO {schema}.parked
            (queue, message_id, ordering_key, epoch, name, content_type, headers, body, correlation_id, causation_id, traceparent, reply_to, priority)
        SELECT @queue, @message_id, @ordering_key, @epoch, @name, @content_type, @headers, @body, @correlation_id, @causation_id, @traceparent, @reply_to, @priority
        WHERE {IsHeld(schema)}
          AND NOT EXISTS (SELECT FROM {schema}.failure f WHERE f.queue = @queue AND f.message_id = @message_id)
        ON CONFLICT (queue, message_id) DO NOTHING
        """;

    /// <summary>Whether the message is parked, whether it is the only one of its key, and whether what is parked under its id is another.</summary>
    public string IsParked { get; } =
        $"""
        SELECT EXISTS (SELECT FROM {schema}.parked WHERE queue = @queue AND message_id = @message_id),
               NOT EXISTS (SELECT FROM {schema}.parked WHERE queue = @queue AND ordering_key = @ordering_key AND message_id <> @message_id),
               EXISTS (SELECT FROM {schema}.parked WHERE queue = @queue AND message_id = @message_id AND epoch = @epoch AND {Fingerprint} <> @fingerprint)
        """;

    /// <summary>
    /// Sends the next message of a key back to its queue, by the default exchange, unless another still holds the
    /// key. From now on the released one holds it.
    /// </summary>
    public string Release { get; } =
        $"""
        WITH next AS (
            DELETE FROM {schema}.parked
            WHERE queue = @queue AND ordering_key = @ordering_key
              AND position = (SELECT position FROM {schema}.parked WHERE queue = @queue AND ordering_key = @ordering_key ORDER BY position LIMIT 1)
              AND NOT EXISTS (SELECT FROM {schema}.failure WHERE queue = @queue AND ordering_key = @ordering_key)
            RETURNING *),
        holds AS (
            INSERT INTO {schema}.failure AS f (queue, message_id, epoch, attempts, state, ordering_key, fingerprint)
            SELECT queue, message_id, epoch, 0, 'scheduled', ordering_key, CASE WHEN epoch = 1 THEN {Fingerprint} END FROM next
            ON CONFLICT (queue, message_id) DO UPDATE
            SET epoch = excluded.epoch, attempts = 0, state = 'scheduled', next_attempt_at = NULL, error_type = NULL, error = NULL, ordering_key = excluded.ordering_key,
                fingerprint = excluded.fingerprint
            WHERE f.epoch < excluded.epoch)
        INSERT INTO {schema}.outbox
            (id, message_id, name, exchange, routing_key, content_type, headers, body, correlation_id, causation_id, traceparent,
             reply_to, priority, created_at, available_at, node)
        SELECT @id, message_id, name, '', queue, content_type, headers, body, correlation_id, causation_id, traceparent,
               reply_to, priority, clock_timestamp(), clock_timestamp() + @lease, @node
        FROM next
        RETURNING message_id
        """;

    /// <summary>Whether messages of the key are parked.</summary>
    public string HasParked { get; } =
        $"SELECT EXISTS (SELECT FROM {schema}.parked WHERE queue = @queue AND ordering_key = @ordering_key)";

    /// <summary>What holds the key is taken out of the order: it goes on by itself.</summary>
    public string LetGo { get; } =
        $"UPDATE {schema}.failure SET ordering_key = NULL WHERE queue = @queue AND ordering_key = @ordering_key";

    /// <summary>Keys with parked messages that nothing holds. From key to key, whatever the number of messages behind each.</summary>
    public string Stranded { get; } =
        $"""
        WITH RECURSIVE key AS (
            (SELECT queue, ordering_key FROM {schema}.parked ORDER BY queue, ordering_key LIMIT 1)
            UNION ALL
            SELECT n.queue, n.ordering_key FROM key k CROSS JOIN LATERAL (
                SELECT p.queue, p.ordering_key FROM {schema}.parked p
                WHERE (p.queue, p.ordering_key) > (k.queue, k.ordering_key) ORDER BY p.queue, p.ordering_key LIMIT 1) AS n)
        SELECT k.queue, k.ordering_key FROM key k
        WHERE NOT EXISTS (SELECT FROM {schema}.failure f WHERE f.queue = k.queue AND f.ordering_key = k.ordering_key)
        """;

    /// <summary>
    /// Keys whose first parked message has waited for long, with what holds each. From key to key, whatever the number of
    /// messages behind each.
    /// </summary>
    public string HeldForLong { get; } =
        $"""
        WITH RECURSIVE key AS (
            (SELECT queue, ordering_key, parked_at FROM {schema}.parked ORDER BY queue, ordering_key, position LIMIT 1)
            UNION ALL
            SELECT n.queue, n.ordering_key, n.parked_at FROM key k CROSS JOIN LATERAL (
                SELECT p.queue, p.ordering_key, p.parked_at FROM {schema}.parked p
                WHERE (p.queue, p.ordering_key) > (k.queue, k.ordering_key) ORDER BY p.queue, p.ordering_key, p.position LIMIT 1) AS n)
        SELECT k.queue, k.ordering_key, k.parked_at, f.message_id, f.state, f.attempts
        FROM key k CROSS JOIN LATERAL (
            SELECT f.message_id, f.state, f.attempts FROM {schema}.failure f WHERE f.queue = k.queue AND f.ordering_key = k.ordering_key LIMIT 1) AS f
        WHERE k.parked_at < clock_timestamp() - @long
        LIMIT @limit
        """;

    /// <summary>Counted to 10,001, like what is pending.</summary>
    public string Count { get; } = $"SELECT count(*) FROM (SELECT FROM {schema}.parked LIMIT 10001) AS p";

    /// <summary>In the order of their keys, in pages, with the message that each waits for.</summary>
    public string Page { get; } =
        $"""
        SELECT p.queue, p.ordering_key, p.position, p.message_id, p.name, p.parked_at, p.correlation_id, p.body, p.headers,
               (SELECT f.message_id FROM {schema}.failure f WHERE f.queue = p.queue AND f.ordering_key = p.ordering_key LIMIT 1)
        FROM {schema}.parked p
        WHERE (p.queue, p.ordering_key, p.position) > (@queue, @ordering_key, @position)
          AND (@only_queue IS NULL OR p.queue = @only_queue) AND (@only_key IS NULL OR p.ordering_key = @only_key)
        ORDER BY p.queue, p.ordering_key, p.position
        LIMIT @limit
        """;
}
