using System.Text.Json;
using Npgsql;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>What is read of the small tables: owner, alerts, nodes, scheduled work. The audit follows its primary key.</summary>
internal static class OperationsReads
{
    public static string Owner(string schema) => $"SELECT (SELECT service FROM {schema}.owner), (SELECT max(version) FROM {schema}.schema_version)";

    public static string Alerts(string schema, string conditions) =>
        $"""
        SELECT a.id, a.kind, a.group_key, a.severity, a.text, a.count, a.first_raised_at, a.last_raised_at, a.resolved_at, a.resolution, a.examples::text,
               coalesce((SELECT jsonb_agg(jsonb_build_object('sink', t.sink, 'tellings', t.tellings, 'toldAt', t.told_at, 'failedAttempts', t.attempts, 'error', t.error) ORDER BY t.sink)
                         FROM {schema}.alert_telling t WHERE t.alert_id = a.id), '[]')::text
        FROM {schema}.alert a
        WHERE {conditions}
        ORDER BY a.id DESC
        LIMIT @limit
        """;

    public static string Nodes(string schema) =>
        $"""
        SELECT id, host, started_at, heartbeat_at, extract(epoch FROM clock_timestamp() - heartbeat_at)::float8
        FROM {schema}.node ORDER BY heartbeat_at DESC LIMIT 200
        """;

    public static string Schedule(string schema) =>
        $"""
        SELECT name, extract(epoch FROM every)::float8, outcome, error, failures, started_at, finished_at, extract(epoch FROM duration)::float8, next_at, host
        FROM {schema}.scheduled_work ORDER BY name
        """;

    public static string AuditPage(string schema, string conditions) =>
        $"SELECT id, at, who, action, target, details FROM {schema}.audit a WHERE {conditions} ORDER BY a.id DESC LIMIT @limit";

    public static AlertItem Alert(string service, NpgsqlDataReader reader) => new(
        service, RowId.Of($"{reader.GetInt64(0)}"), reader.GetString(1), reader.GetString(2), reader.GetString(3) == "error" ? Severity.Error : Severity.Warning, reader.GetString(4), reader.GetInt64(5), reader.Time(6), reader.Time(7),
        reader.TimeOrNull(8), reader.Text(9), Cases(reader.GetString(10)), Tellings(reader.GetString(11)));

    public static NodeItem Node(string service, NpgsqlDataReader reader) => new(
        service, reader.GetGuid(0).ToString(), reader.GetString(1), reader.Time(2), reader.Time(3), Math.Max(0, reader.GetDouble(4)), reader.GetDouble(4) < OverviewReads.LateHeartbeatSeconds);

    public static ScheduleItem Work(string service, NpgsqlDataReader reader) => new(
        service, reader.GetString(0), reader.GetDouble(1), Enum.Parse<WorkOutcome>(reader.GetString(2), ignoreCase: true), reader.Text(3), reader.GetInt32(4), reader.Time(5), reader.TimeOrNull(6),
        reader.IsDBNull(7) ? null : reader.GetDouble(7), reader.Time(8), reader.GetString(9));

    private static IReadOnlyList<AlertCase> Cases(string json)
    {
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(example => new AlertCase(Member(example, "messageId"), Member(example, "reason")))];
    }

    private static IReadOnlyList<AlertTelling> Tellings(string json)
    {
        using var document = JsonDocument.Parse(json);
        return
        [
            .. document.RootElement.EnumerateArray().Select(telling => new AlertTelling(
                Member(telling, "sink")!, telling.GetProperty("tellings").GetInt32(), telling.GetProperty("toldAt") is { ValueKind: JsonValueKind.String } at ? at.GetDateTimeOffset().ToUniversalTime() : null,
                telling.GetProperty("failedAttempts").GetInt32(), Member(telling, "error"))),
        ];
    }

    private static string? Member(JsonElement item, string name) =>
        item.EnumerateObject().FirstOrDefault(member => member.Name.Replace("_", "", StringComparison.Ordinal).Equals(name, StringComparison.OrdinalIgnoreCase)).Value is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}
