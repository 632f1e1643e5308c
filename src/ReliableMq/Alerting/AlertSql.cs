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
}
