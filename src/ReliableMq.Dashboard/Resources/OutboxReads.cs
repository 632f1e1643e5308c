using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>
/// What is read of <c>outbox</c> and <c>outbox_history</c>. Lists follow the primary key, which begins with the time of
/// storing; the few that fail are found by the partial indexes <c>outbox_failed</c> and <c>outbox_failing</c>.
/// </summary>
internal static class OutboxReads
{
    /// <summary>What lists show. The length of a body is known without reading it.</summary>
    private const string Shown =
        "o.id, o.message_id, o.name, o.exchange, o.routing_key, o.ordering_key, o.correlation_id, o.causation_id, o.created_at, o.due_at, o.expires_at, o.attempts, octet_length(o.body)::bigint";

    private const string Whole = "o.content_type, o.headers, o.traceparent, o.reply_to, o.priority";

    private static string Pending(string schema) =>
        $"""
        SELECT {Shown},
               CASE WHEN o.failed_at IS NOT NULL THEN 'Failed' WHEN o.error_kind IS NOT NULL THEN 'Retrying' WHEN o.due_at > clock_timestamp() THEN 'Scheduled' ELSE 'Pending' END,
               CASE WHEN NOT o.ordered THEN nullif(o.available_at, 'infinity') ELSE nullif(k.available_at, 'infinity') END, NULL::timestamptz, o.error_kind, o.error, {Whole}
        FROM {schema}.outbox o
        LEFT JOIN {schema}.outbox_key k ON k.ordering_key = o.ordering_key AND o.error_kind IS NOT NULL AND o.ordered
        """;

    private static string Left(string schema) =>
        $"SELECT {Shown}, initcap(o.outcome), NULL::timestamptz, o.finished_at, NULL, NULL, {Whole} FROM {schema}.outbox_history o";

    private static string From(string schema, bool hasLeft) => hasLeft ? Left(schema) : Pending(schema);

    public static string Page(string schema, bool hasLeft, string conditions) =>
        $"""
        {From(schema, hasLeft)}
        WHERE {conditions}
        ORDER BY o.id DESC
        LIMIT @limit
        """;

    public static string One(string schema, bool hasLeft) => $"{From(schema, hasLeft)} WHERE o.id = @id";

    public static string Body(string schema) =>
        $"""
        SELECT content_type, body FROM {schema}.outbox WHERE id = @id
        UNION ALL
        SELECT content_type, body FROM {schema}.outbox_history WHERE id = @id
        LIMIT 1
        """;

    /// <summary>Counts up to a number, after which it is only known that there are more.</summary>
    public static string Count(string schema, bool hasLeft, string conditions) =>
        $"SELECT count(*) FROM (SELECT FROM {schema}.{(hasLeft ? "outbox_history" : "outbox")} o WHERE {conditions} LIMIT @limit) AS counted";

    /// <summary>About how many have left, by the statistics that autovacuum keeps.</summary>
    public static string EstimateLeft(string schema) => $"SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = '{schema}.outbox_history'::regclass";

    /// <summary>The conditions of a state; those that an index is made for come first.</summary>
    public static string StateCondition(OutboxState state) => state switch
    {
        OutboxState.Failed => "o.failed_at IS NOT NULL",
        OutboxState.Retrying => "o.error_kind IS NOT NULL AND o.failed_at IS NULL",
        OutboxState.Scheduled => "o.due_at IS NOT NULL AND o.due_at > clock_timestamp() AND o.error_kind IS NULL AND o.failed_at IS NULL",
        OutboxState.Pending => "(o.due_at IS NULL OR o.due_at <= clock_timestamp()) AND o.error_kind IS NULL AND o.failed_at IS NULL",
        _ => $"o.outcome = '{state.ToString().ToLowerInvariant()}'",
    };

    public static bool HasLeft(OutboxState? state) => state is OutboxState.Sent or OutboxState.Expired or OutboxState.Cancelled;

    public static OutboxItem Item(string service, Npgsql.NpgsqlDataReader reader, bool wholeError = false) => new(
        service, RowId.Of(reader.GetGuid(0).ToString()), reader.GetString(1), reader.GetString(2), Enum.Parse<OutboxState>(reader.GetString(13)), reader.GetString(3), reader.GetString(4),
        reader.Text(5), reader.Text(6), reader.Text(7), reader.Time(8), reader.TimeOrNull(9), reader.TimeOrNull(10), reader.TimeOrNull(14), reader.TimeOrNull(15), reader.GetInt32(11),
        reader.Text(16), reader.Text(17) is { } error ? wholeError ? error : Columns.FirstLine(error) : null, reader.GetInt64(12));

    public static OutboxDetail Detail(string service, Npgsql.NpgsqlDataReader reader) => new(
        Item(service, reader, wholeError: true), reader.GetString(18), Headers.Read(reader.Text(19)), reader.Text(20), reader.Text(21), reader.IsDBNull(22) ? null : reader.GetInt16(22));
}
