namespace ReliableMq.Inbox;

/// <summary>Every statement on <c>started</c>. All but the housekeeping by primary key.</summary>
internal sealed class StartSql(string schema)
{
    /// <summary>Marks a message as started that has no mark. A row comes back for the one that may run.</summary>
    public string Mark { get; } =
        $"""
        INSERT INTO {schema}.started (queue, message_id, node, host, alive_until)
        VALUES (@queue, @message_id, @node, @host, clock_timestamp() + @lease)
        ON CONFLICT DO NOTHING RETURNING started_at
        """;

    public string Read { get; } =
        $"""
        SELECT node, host, started_at, alive_until, alive_until - clock_timestamp(), suspect, lone_deaths, history FROM {schema}.started
        WHERE queue = @queue AND message_id = @message_id
        """;

    /// <summary>Nobody else has touched the mark since it was read.</summary>
    private const string IsUnchanged = "queue = @queue AND message_id = @message_id AND node IS NOT DISTINCT FROM @seen_node AND alive_until = @seen_until";

    public string TakeOver { get; } =
        $"""
        UPDATE {schema}.started SET node = @node, host = @host, started_at = clock_timestamp(), alive_until = clock_timestamp() + @lease
        WHERE {IsUnchanged}
        RETURNING started_at
        """;

    /// <summary>The process that ran it is gone. It ran alone if it was suspected before.</summary>
    public string Suspect { get; } =
        $"""
        UPDATE {schema}.started SET node = NULL, suspect = true, lone_deaths = lone_deaths + suspect::int, history = history || @line
        WHERE {IsUnchanged}
        RETURNING lone_deaths, history
        """;

    /// <summary>The processes that run them live. One that somebody has locked keeps none of the others from being renewed.</summary>
    public string Renew { get; } =
        $"""
        WITH mine AS (
            SELECT s.queue, s.message_id FROM unnest(@queues, @message_ids) AS r (queue, message_id)
            JOIN {schema}.started s ON s.queue = r.queue AND s.message_id = r.message_id
            WHERE s.node = @node
            FOR UPDATE OF s SKIP LOCKED)
        UPDATE {schema}.started s SET alive_until = clock_timestamp() + @lease
        FROM mine m WHERE s.queue = m.queue AND s.message_id = m.message_id
        """;

    /// <summary>
    /// Runs that have ended in a known way. What a message did before is kept with a suspect, as long as it is not done.
    /// Rows come back for those that somebody has locked, which still stand.
    /// </summary>
    public string End { get; } =
        $"""
        WITH runs AS (SELECT queue, message_id, started_at FROM unnest(@queues, @message_ids, @started_at) AS r (queue, message_id, started_at)),
        ended AS (
            SELECT s.queue, s.message_id,
                   s.suspect AND NOT EXISTS (SELECT FROM {schema}.inbox i WHERE i.queue = s.queue AND i.message_id = s.message_id) AS is_kept
            FROM runs r JOIN {schema}.started s ON s.queue = r.queue AND s.message_id = r.message_id
            WHERE s.node = @node AND s.started_at = r.started_at
            FOR UPDATE OF s SKIP LOCKED),
        forgotten AS (
            DELETE FROM {schema}.started s USING ended e
            WHERE s.queue = e.queue AND s.message_id = e.message_id AND NOT e.is_kept),
        kept AS (
            UPDATE {schema}.started s SET node = NULL FROM ended e
            WHERE s.queue = e.queue AND s.message_id = e.message_id AND e.is_kept)
        SELECT s.queue, s.message_id
        FROM runs r JOIN {schema}.started s ON s.queue = r.queue AND s.message_id = r.message_id
        WHERE s.node = @node AND s.started_at = r.started_at
          AND NOT EXISTS (SELECT FROM ended e WHERE e.queue = s.queue AND e.message_id = s.message_id)
        """;

    /// <summary>The message is done.</summary>
    public string Forget { get; } = $"DELETE FROM {schema}.started WHERE queue = @queue AND message_id = @message_id";

    /// <summary>Removes what stands for messages that never came back. The table is small.</summary>
    public string RemoveOld { get; } =
        $"""
        WITH removed AS (
            DELETE FROM {schema}.started
            WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM {schema}.started
                WHERE alive_until >= @after AND alive_until < (SELECT clock_timestamp()) - @keep
                ORDER BY alive_until
                LIMIT @limit
                FOR UPDATE SKIP LOCKED))
            RETURNING alive_until)
        SELECT count(*), max(alive_until) FROM removed
        """;
}
