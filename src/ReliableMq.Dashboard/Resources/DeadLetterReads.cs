using System.Text.Json;
using Npgsql;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>What is read of <c>dead_letter</c>. Lists follow <c>dead_letter_dead_at</c>, rows are found by the primary key.</summary>
internal static class DeadLetterReads
{
    private const string Shown =
        "d.queue, d.message_id, d.epoch, d.name, d.reason, d.error_type, d.error, d.attempts, d.dead_at, d.discarded_at, d.replayed_at, d.correlation_id, octet_length(d.body)::bigint";

    public static string Page(string schema, string conditions) =>
        $"""
        SELECT {Shown} FROM {schema}.dead_letter d
        WHERE {conditions}
        ORDER BY d.dead_at DESC, d.queue DESC, d.message_id DESC, d.epoch DESC
        LIMIT @limit
        """;

    /// <summary>So many are looked at for a text in their errors.</summary>
    public const int MostLooked = 10_000;

    private static string Newest(string schema, string after) =>
        $"(SELECT * FROM {schema}.dead_letter d WHERE {after} ORDER BY d.dead_at DESC, d.queue DESC, d.message_id DESC, d.epoch DESC LIMIT {MostLooked})";

    public static string PageOfNewest(string schema, string after, string conditions) =>
        $"SELECT {Shown} FROM {Newest(schema, after)} d WHERE {conditions} ORDER BY d.dead_at DESC, d.queue DESC, d.message_id DESC, d.epoch DESC LIMIT @limit";

    public static string CountNewest(string schema, string conditions) => $"SELECT count(*) FILTER (WHERE {conditions}), count(*) FROM {Newest(schema, "true")} d";

    /// <summary>The last row that <see cref="PageOfNewest"/> has looked at; none where it came to the end.</summary>
    public static string LookedTo(string schema, string after) =>
        $"SELECT d.dead_at, d.queue, d.message_id, d.epoch FROM {schema}.dead_letter d WHERE {after} ORDER BY d.dead_at DESC, d.queue DESC, d.message_id DESC, d.epoch DESC OFFSET {MostLooked - 1} LIMIT 1";

    private const string ByKey = "d.queue = @queue AND d.message_id = @message_id AND d.epoch = @epoch";

    public static string One(string schema) => $"SELECT {Shown}, d.content_type, d.exchange, d.routing_key, d.reply_to, d.priority, d.headers, d.history::text FROM {schema}.dead_letter d WHERE {ByKey}";

    public static string Body(string schema, string columns) => $"SELECT d.content_type, {columns} FROM {schema}.dead_letter d WHERE {ByKey}";

    public static string Count(string schema, string conditions) => $"SELECT count(*) FROM (SELECT FROM {schema}.dead_letter d WHERE {conditions} LIMIT @limit) AS counted";

    /// <summary>Reads all that match, but neither bodies nor stacks; the newest of each group is found by its time.</summary>
    public static string Groups(string schema, string conditions) =>
        $"""
        SELECT g.queue, g.error_type, g.count, g.first_at, g.last_at, coalesce(newest.reason, ''), g.hours, g.dead
        FROM (
            SELECT queue, error_type, sum(count)::bigint AS count, min(first_at) AS first_at, max(last_at) AS last_at,
                   array_agg(hour) AS hours, array_agg(count) AS dead
            FROM (
                SELECT d.queue, d.error_type, count(*) AS count, min(d.dead_at) AS first_at, max(d.dead_at) AS last_at,
                       CASE WHEN d.dead_at > (SELECT clock_timestamp()) - interval '24 hours'
                            THEN floor(extract(epoch FROM (SELECT clock_timestamp()) - d.dead_at) / 3600)::int ELSE 24 END AS hour
                FROM {schema}.dead_letter d
                WHERE {conditions}
                GROUP BY d.queue, d.error_type, hour) AS by_hour
            GROUP BY queue, error_type
            ORDER BY count DESC, queue, error_type
            LIMIT @limit) AS g
        LEFT JOIN LATERAL (
            SELECT n.reason FROM {schema}.dead_letter n
            WHERE n.dead_at = g.last_at AND n.queue = g.queue AND n.error_type IS NOT DISTINCT FROM g.error_type LIMIT 1) AS newest ON true
        ORDER BY g.count DESC, g.queue, g.error_type
        """;

    public static string Replays(string schema, string conditions) =>
        $"""
        SELECT id, requested_by, requested_at, replayed, refused, refusal, finished_at, cancelled_at IS NOT NULL
        FROM {schema}.replay WHERE {conditions} ORDER BY id DESC LIMIT @limit
        """;

    public static DeadLetterItem Item(string service, NpgsqlDataReader reader)
    {
        var (discarded, replayed) = (reader.TimeOrNull(9), reader.TimeOrNull(10));
        return new DeadLetterItem(
            service, RowId.Of(reader.GetString(0), reader.GetString(1), $"{reader.GetInt32(2)}"), reader.GetString(0), reader.GetString(1), reader.GetInt32(2), reader.GetString(3),
            replayed is not null ? DeadLetterWhat.Replayed : discarded is not null ? DeadLetterWhat.Discarded : DeadLetterWhat.Waiting,
            reader.GetString(4), reader.Text(5), reader.Text(6) is { } error ? Columns.FirstLine(error) : null, reader.GetInt32(7), reader.Time(8), discarded, replayed, reader.Text(11), reader.GetInt64(12));
    }

    public static DeadLetterDetail Detail(string service, NpgsqlDataReader reader)
    {
        var item = Item(service, reader);
        var attempts = History(reader.Text(19));
        if ((item.Attempts > 0 || item.ErrorType is not null) && (reader.Text(6) is not null || attempts.Count == 0))
        {
            attempts.Insert(0, new Attempt(item.Attempts, item.DeadAt, item.ErrorType, reader.Text(6)));
        }

        return new DeadLetterDetail(
            item, reader.Text(13), reader.GetString(14), reader.GetString(15), reader.Text(16), reader.IsDBNull(17) ? null : reader.GetInt16(17), Headers.Read(reader.Text(18)), Headers.Deaths(reader.Text(18)), attempts);
    }

    /// <summary>The attempts before the last one, the newest first.</summary>
    private static List<Attempt> History(string? json)
    {
        using var document = JsonDocument.Parse(json ?? "[]");
        return [.. document.RootElement.EnumerateArray().Reverse().Select(attempt => new Attempt(
            attempt.GetProperty("attempt").GetInt32(), attempt.GetProperty("at").GetDateTimeOffset(), attempt.GetProperty("type").GetString(), attempt.GetProperty("error").GetString()))];
    }

    public static DeadLetterGroup Group(string service, NpgsqlDataReader reader)
    {
        var (hours, dead, trend) = (reader.GetFieldValue<int[]>(6), reader.GetFieldValue<long[]>(7), new long[24]);
        foreach (var (hour, count) in hours.Zip(dead).Where(entry => entry.First is >= 0 and < 24))
        {
            trend[23 - hour] = count;
        }

        return new DeadLetterGroup(service, reader.GetString(0), reader.Text(1), Contract.Count.Exact(reader.GetInt64(2)), reader.Time(3), reader.Time(4), reader.GetString(5), trend);
    }

    public static ReplayItem Replay(string service, NpgsqlDataReader reader) => new(
        service, RowId.Of($"{reader.GetInt64(0)}"), reader.GetString(1), reader.Time(2), reader.GetInt64(3), reader.GetInt64(4), reader.Text(5), reader.TimeOrNull(6), reader.GetBoolean(7));
}
