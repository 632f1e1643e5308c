namespace ReliableMq.Alerting;

/// <summary>
/// Every statement on <c>alert</c>, <c>alert_raise</c> and <c>alert_telling</c>. Open alerts are few: one for
/// each kind of trouble that a service has now.
/// </summary>
internal sealed class AlertSql(string schema)
{
    /// <summary>
    /// Raises. An insert only: a counter would be locked until the caller's transaction ends, and every other
    /// raise of its group would wait. Parameter names are long because it also rides in batches of others.
    /// </summary>
    public string Raise { get; } =
        $"""
        INSERT INTO {schema}.alert_raise (kind, group_key, severity, text, count, examples)
        SELECT kind, group_key, severity, text, count, examples::jsonb
        FROM unnest(@rmq_alert_kinds, @rmq_alert_groups, @rmq_alert_severities, @rmq_alert_texts, @rmq_alert_counts, @rmq_alert_examples)
             AS r (kind, group_key, severity, text, count, examples)
        """;

    /// <summary>
    /// Adds what was raised to the open alerts, each raise once, and tells how much of each kind it was. Groups
    /// are locked in their order, so that two processes doing this at once wait for, but never block, one another.
    /// Primary key of <c>alert_raise</c>; index <c>alert_open</c>.
    /// </summary>
    public string Gather { get; } =
        $"""
        WITH oldest AS MATERIALIZED (
            SELECT id FROM {schema}.alert_raise ORDER BY id LIMIT @limit FOR UPDATE SKIP LOCKED),
        raised AS (
            DELETE FROM {schema}.alert_raise r USING oldest WHERE r.id = oldest.id RETURNING r.*),
        gathered AS (
            INSERT INTO {schema}.alert AS a (kind, group_key, severity, text, count, first_raised_at, last_raised_at, examples)
            SELECT kind, group_key, (array_agg(severity ORDER BY id DESC))[1], (array_agg(text ORDER BY id DESC))[1],
                   sum(count), min(raised_at), max(raised_at),
                   jsonb_path_query_array(jsonb_path_query_array(jsonb_agg(examples ORDER BY id DESC), '$[*][*]'), '$[0 to 9]')
            FROM raised
            GROUP BY kind, group_key
            ORDER BY kind, group_key
            ON CONFLICT (kind, group_key) WHERE resolved_at IS NULL DO UPDATE
            SET severity = excluded.severity, text = excluded.text, count = a.count + excluded.count,
                last_raised_at = greatest(a.last_raised_at, excluded.last_raised_at),
                examples = jsonb_path_query_array(excluded.examples || a.examples, '$[0 to 9]'))
        SELECT kind, sum(count)::bigint, count(*) FROM raised GROUP BY kind
        """;

    /// <summary>Makes the open alerts known to a sink. Index <c>alert_open</c>.</summary>
    public string Begin { get; } =
        $"""
        INSERT INTO {schema}.alert_telling (alert_id, sink)
        SELECT a.id, @sink FROM {schema}.alert a
        WHERE a.resolved_at IS NULL
          AND NOT EXISTS (SELECT FROM {schema}.alert_telling t WHERE t.alert_id = a.id AND t.sink = @sink)
        ORDER BY a.id
        ON CONFLICT DO NOTHING
        """;

    /// <summary>
    /// Takes the alert that has waited longest of those with something new for a sink. One at a time, so that
    /// its lease is not spent on others. Index <c>alert_open</c>.
    /// </summary>
    public string Claim { get; } =
        $"""
        WITH due AS MATERIALIZED (
            SELECT t.alert_id FROM {schema}.alert_telling t JOIN {schema}.alert a ON a.id = t.alert_id
            WHERE a.resolved_at IS NULL AND t.sink = @sink AND a.count > t.told_count AND t.next_at <= clock_timestamp()
            ORDER BY t.next_at, t.alert_id
            LIMIT 1
            FOR UPDATE OF t SKIP LOCKED)
        UPDATE {schema}.alert_telling t
        SET fence = t.fence + 1, node = @node, next_at = clock_timestamp() + @lease
        FROM due JOIN {schema}.alert a ON a.id = due.alert_id
        WHERE t.alert_id = due.alert_id AND t.sink = @sink
        RETURNING a.id, a.kind, a.group_key, a.severity, a.text, a.count, a.examples::text, a.first_raised_at, a.last_raised_at,
                  t.told_count, t.tellings, t.fence, t.attempts
        """;

    /// <summary>The time until a sink may be told of something new, null when there is nothing. Index <c>alert_open</c>.</summary>
    public string Next { get; } =
        $"""
        SELECT min(t.next_at) - clock_timestamp()
        FROM {schema}.alert_telling t JOIN {schema}.alert a ON a.id = t.alert_id
        WHERE a.resolved_at IS NULL AND t.sink = @sink AND a.count > t.told_count
        """;

    /// <summary>Records that a sink was told, if this process still holds the claim. Primary key.</summary>
    public string Told { get; } =
        $"""
        UPDATE {schema}.alert_telling
        SET told_count = @count, tellings = tellings + 1, told_at = clock_timestamp(), next_at = clock_timestamp() + @peace,
            node = NULL, attempts = 0, error = NULL
        WHERE alert_id = @id AND sink = @sink AND fence = @fence
        """;

    /// <summary>Records that a sink was not told, and why, if this process still holds the claim. Primary key.</summary>
    public string Failed { get; } =
        $"""
        UPDATE {schema}.alert_telling
        SET attempts = attempts + 1, error = @error, next_at = clock_timestamp() + @delay, node = NULL
        WHERE alert_id = @id AND sink = @sink AND fence = @fence
        """;

    /// <summary>For health and metrics: the open alerts that each sink has failed to take. Index <c>alert_open</c>.</summary>
    public string Untold { get; } =
        $"""
        SELECT t.sink, count(*), (array_agg(t.error ORDER BY t.attempts DESC))[1]
        FROM {schema}.alert_telling t JOIN {schema}.alert a ON a.id = t.alert_id
        WHERE a.resolved_at IS NULL AND t.attempts > 0
        GROUP BY t.sink
        ORDER BY t.sink
        """;

    /// <summary>What is open, as a line each, the newest first. Index <c>alert_open</c>.</summary>
    public string Open { get; } =
        $"""
        SELECT kind || ' "' || group_key || '" (' || count || ')' FROM {schema}.alert
        WHERE resolved_at IS NULL ORDER BY last_raised_at DESC LIMIT @limit
        """;

    /// <summary>
    /// Resolves what has not been raised for long, but nothing that a sink in use still has to be told of.
    /// Index <c>alert_open</c>.
    /// </summary>
    public string ResolveQuiet { get; } =
        $"""
        UPDATE {schema}.alert
        SET resolved_at = clock_timestamp(), resolution = 'quiet'
        WHERE id IN (
            SELECT a.id FROM {schema}.alert a
            WHERE a.resolved_at IS NULL AND a.last_raised_at < clock_timestamp() - @quiet
              AND NOT EXISTS (
                  SELECT FROM unnest(@sinks) AS used (sink) LEFT JOIN {schema}.alert_telling t ON t.alert_id = a.id AND t.sink = used.sink
                  WHERE t.told_count IS DISTINCT FROM a.count)
            ORDER BY a.kind, a.group_key
            FOR UPDATE SKIP LOCKED)
        """;

    /// <summary>Removes alerts that have been resolved for long. Runs rarely and scans the table, which is small.</summary>
    public string RemoveResolved { get; } =
        $"""
        WITH old AS MATERIALIZED (
            SELECT id FROM {schema}.alert
            WHERE resolved_at < clock_timestamp() - @keep
            LIMIT @limit
            FOR UPDATE SKIP LOCKED),
        tellings AS (
            DELETE FROM {schema}.alert_telling t USING old WHERE t.alert_id = old.id),
        removed AS (
            DELETE FROM {schema}.alert a USING old WHERE a.id = old.id RETURNING a.id)
        SELECT count(*) FROM removed
        """;
}
