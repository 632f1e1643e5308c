using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>
/// What is read of <c>outbox</c> and <c>outbox_history</c>. Lists follow the primary key, which begins with the time of
/// storing; the few that fail or were not sent are found by partial indexes, as are the ids of the history. What has no
/// index is looked for among so many rows at a time: whoever wants to know more asks again from there.
/// </summary>
internal static class OutboxReads
{
    public const int MostCounted = 10_000;

    /// <summary>Rows are stored by the database's clock, and their ids begin with that of the process that stored them.</summary>
    public static readonly TimeSpan MostClocksDiffer = TimeSpan.FromHours(1);

    /// <summary>The first id of a time, so that a range of times becomes one of the primary key.</summary>
    public static Guid IdAt(DateTimeOffset time, TimeSpan slack)
    {
        var milliseconds = time.ToUnixTimeMilliseconds() + (long)slack.TotalMilliseconds;
        return milliseconds < 1L << 48 ? new Guid((int)(Math.Max(0, milliseconds) >> 16), (short)Math.Max(0, milliseconds), 0, 0, 0, 0, 0, 0, 0, 0, 0) : Guid.AllBitsSet;
    }

    /// <summary>So many rows are looked at for a page or a count.</summary>
    public const int MostLooked = 50_000;

    /// <summary>What lists show. The length of a body is known without reading it.</summary>
    private const string Shown =
        "o.id, o.message_id, o.name, o.exchange, o.routing_key, o.ordering_key, o.correlation_id, o.causation_id, o.created_at, o.due_at, o.expires_at, o.attempts, octet_length(o.body)::bigint";

    private const string Whole = "o.content_type, o.headers, o.traceparent, o.reply_to, o.priority";

    private static string Pending(string outbox, string schema) =>
        $"""
        SELECT {Shown},
               CASE WHEN o.failed_at IS NOT NULL THEN 'Failed' WHEN o.error_kind IS NOT NULL THEN 'Retrying' WHEN o.due_at > clock_timestamp() THEN 'Scheduled' ELSE 'Pending' END,
               CASE WHEN NOT o.ordered THEN nullif(o.available_at, 'infinity') ELSE nullif(k.available_at, 'infinity') END, NULL::timestamptz, o.error_kind, o.error, {Whole}
        FROM {outbox} o
        LEFT JOIN {schema}.outbox_key k ON k.ordering_key = o.ordering_key AND o.error_kind IS NOT NULL AND o.ordered
        """;

    private static string Left(string history) =>
        $"SELECT {Shown}, initcap(o.outcome), NULL::timestamptz, o.finished_at, NULL, NULL, {Whole} FROM {history} o";

    private static string From(string table, string schema, bool hasLeft) => hasLeft ? Left(table) : Pending(table, schema);

    private static string Table(string schema, bool hasLeft) => $"{schema}.{(hasLeft ? "outbox_history" : "outbox")}";

    /// <summary>The newest rows, before all conditions.</summary>
    private static string Newest(string schema, bool hasLeft) => $"(SELECT * FROM {Table(schema, hasLeft)} l WHERE l.id < @after ORDER BY l.id DESC LIMIT {MostLooked})";

    /// <summary>The condition that a row that waits is of a message: by primary key or <c>outbox_message</c>, with <see cref="Statement.WithRowOf"/>.</summary>
    public static string HasMessageId(string value) => $"(o.id = @message_row AND o.message_id = {value} OR o.message_id = {value} AND o.message_id <> o.id::text)";

    /// <summary>Down from <c>@after</c>.</summary>
    public static string Page(string schema, bool hasLeft, bool hasIndex, string conditions) =>
        $"""
        {From(hasIndex ? Table(schema, hasLeft) : Newest(schema, hasLeft), schema, hasLeft)}
        WHERE o.id < @after AND {conditions}
        ORDER BY o.id DESC
        LIMIT @limit
        """;

    /// <summary>The last row that <see cref="Page"/> has looked at; none where it came to the end.</summary>
    public static string LookedTo(string schema, bool hasLeft) => $"SELECT l.id, l.created_at FROM {Table(schema, hasLeft)} l WHERE l.id < @after ORDER BY l.id DESC OFFSET {MostLooked - 1} LIMIT 1";

    public static string One(string schema, bool hasLeft) => $"{From(Table(schema, hasLeft), schema, hasLeft)} WHERE o.id = @id";

    /// <summary>Whether an index leads to what is asked for, so that nothing else has to be looked at.</summary>
    public static bool HasIndex(OutboxState? state, bool byMessageId, bool byCorrelationId) =>
        byMessageId || state is OutboxState.Failed or OutboxState.Retrying or OutboxState.Expired or OutboxState.Cancelled || (HasLeft(state) && byCorrelationId);

    public static string Body(string schema, string columns) =>
        $"""
        SELECT content_type, {columns} FROM {schema}.outbox WHERE id = @id
        UNION ALL
        SELECT content_type, {columns} FROM {schema}.outbox_history WHERE id = @id
        LIMIT 1
        """;

    /// <summary>Counts all, however many, up to <c>@limit</c>.</summary>
    public static string Count(string schema, bool hasLeft, string conditions) => $"SELECT count(*) FROM (SELECT FROM {Table(schema, hasLeft)} o WHERE {conditions} LIMIT @limit) AS counted";

    /// <summary>
    /// How many there are in each state, with what only so many rows were looked at for. Without a filter what has been
    /// sent is what autovacuum's statistics say.
    /// </summary>
    public static string Counts(string schema, string waiting, string left, bool isFiltered, bool hasIndex) =>
        $"""
        SELECT {(isFiltered ? $"w.pending, w.scheduled, w.looked = {MostLooked}" : $"due.pending, {CountState(schema, OutboxState.Scheduled, "true")}, due.is_part")},
               {CountState(schema, OutboxState.Retrying, waiting)}, {CountState(schema, OutboxState.Failed, waiting)}, {CountState(schema, OutboxState.Expired, left)}, {CountState(schema, OutboxState.Cancelled, left)},
               {(!isFiltered ? $"(SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = '{schema}.outbox_history'::regclass), false" : hasIndex ? $"{CountState(schema, OutboxState.Sent, left)}, false" : $"h.sent, h.looked = {MostLooked}")}
        FROM (SELECT) AS one
        {(!isFiltered ? $"CROSS JOIN {DueNow(schema)}" : $"CROSS JOIN (SELECT count(*) FILTER (WHERE {StateCondition(OutboxState.Pending)} AND {waiting}) AS pending, count(*) FILTER (WHERE {StateCondition(OutboxState.Scheduled)} AND {waiting}) AS scheduled, count(*) AS looked FROM {Newest(schema, hasLeft: false)} o) AS w")}
        {(!isFiltered || hasIndex ? "" : $"CROSS JOIN (SELECT count(*) FILTER (WHERE {StateCondition(OutboxState.Sent)} AND {left}) AS sent, count(*) AS looked FROM {Newest(schema, hasLeft: true)} o) AS h")}
        """;

    /// <summary>
    /// What should leave now, as a row <c>due</c>: due, leased for ten minutes at most, or behind its ordering key.
    /// <c>pending</c> counts those that did not fail before, <c>oldest</c> is how long the oldest of all has waited, in
    /// seconds, and <c>is_part</c> tells that there are more than were looked at, which are those available first.
    /// Indexes <c>outbox_available</c> and <c>outbox_ordered</c>.
    /// </summary>
    public static string DueNow(string schema) =>
        $"""
        (SELECT count(*) FILTER (WHERE error_kind IS NULL) AS pending, extract(epoch FROM clock_timestamp() - min(since))::float8 AS oldest, coalesce(bool_or(looked = {MostCounted + 1}), false) AS is_part
         FROM (SELECT error_kind, due_at, greatest(created_at, due_at) AS since, count(*) OVER (PARTITION BY is_ordered) AS looked
               FROM ((SELECT o.error_kind, o.due_at, o.created_at, false AS is_ordered FROM {schema}.outbox o
                      WHERE o.available_at <= (SELECT clock_timestamp()) + interval '15 minutes' AND o.available_at < 'infinity'
                      ORDER BY o.available_at LIMIT {MostCounted + 1})
                     UNION ALL
                     (SELECT o.error_kind, o.due_at, o.created_at, true FROM {schema}.outbox o WHERE o.ordered AND o.available_at = 'infinity' AND o.failed_at IS NULL LIMIT {MostCounted + 1})) AS available) AS looked
         WHERE due_at IS NULL OR due_at <= clock_timestamp()) AS due
        """;

    public static string CountState(string schema, OutboxState state, string conditions) =>
        $"(SELECT count(*) FROM (SELECT FROM {Table(schema, HasLeft(state))} o WHERE {StateCondition(state)} AND {conditions} LIMIT {MostCounted + 1}) AS counted)";

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
