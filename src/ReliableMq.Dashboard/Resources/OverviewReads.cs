using Npgsql;
using ReliableMq.Dashboard.Contract;
using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>What tells whether messages flow: one statement a service. Counts end at ten thousand.</summary>
internal static class OverviewReads
{
    private const int MostCounted = OutboxReads.MostCounted;

    /// <summary>Six heartbeats of five seconds.</summary>
    public const int LateHeartbeatSeconds = 30;

    public static string State(string schema) =>
        $"""
        SELECT due.pending,
               {OutboxReads.CountState(schema, OutboxState.Scheduled, "true")},
               {OutboxReads.CountState(schema, OutboxState.Retrying, "true")},
               {OutboxReads.CountState(schema, OutboxState.Failed, "true")},
               due.oldest,
               {Count($"{schema}.failure f WHERE f.state IN ('failing', 'scheduled')")},
               {Count($"(SELECT l.first_failed_at FROM {schema}.failure l WHERE l.state IN ('failing', 'scheduled') ORDER BY l.last_failed_at LIMIT {OutboxReads.MostLooked}) f WHERE f.first_failed_at < clock_timestamp() - interval '5 minutes'")},
               {Count($"{schema}.parked")},
               {Count($"{schema}.dead_letter d WHERE d.discarded_at IS NULL AND d.replayed_at IS NULL")},
               {Count($"{schema}.alert a WHERE a.resolved_at IS NULL")},
               EXISTS (SELECT FROM {schema}.alert a WHERE a.resolved_at IS NULL AND a.severity = 'error'),
               (SELECT count(*) FROM {schema}.node n WHERE n.heartbeat_at > clock_timestamp() - interval '{LateHeartbeatSeconds} seconds'),
               (SELECT count(*) FROM {schema}.node n WHERE n.heartbeat_at BETWEEN clock_timestamp() - interval '1 hour' AND clock_timestamp() - interval '{LateHeartbeatSeconds} seconds'),
               {QueuesReads.Paused(schema)},
               (SELECT string_agg(w.name, ', ') FROM {schema}.scheduled_work w WHERE w.failures >= 3),
               due.is_part
        FROM {OutboxReads.DueNow(schema)}
        """;

    private static string Count(string rows) => $"(SELECT count(*) FROM (SELECT FROM {rows} LIMIT {MostCounted + 1}) AS counted)";

    public static ServiceState Read(NpgsqlDataReader reader) => new(
        Counts.UpTo(MostCounted, reader.GetInt64(0), isAtLeast: reader.GetBoolean(15)), reader.Up(1), reader.Up(2), reader.Up(3), reader.IsDBNull(4) ? null : Math.Max(0, reader.GetDouble(4)), reader.Up(5), reader.Up(6), reader.Up(7), reader.Up(8), reader.Up(9), reader.GetBoolean(10), (int)reader.GetInt64(11), (int)reader.GetInt64(12), reader.Text(13), reader.Text(14));

    private static Count Up(this NpgsqlDataReader reader, int column) => Counts.UpTo(MostCounted, reader.GetInt64(column));
}

/// <summary>What the tables of a service say of it.</summary>
internal sealed record ServiceState(
    Count Pending, Count Scheduled, Count Retrying, Count Failed, double? OldestPendingSeconds, Count Failing, Count FailingForLong, Count Parked, Count DeadLetters, Count OpenAlerts, bool HasErrorAlert,
    int NodesAlive, int NodesSilent, string? Paused, string? FailingWork);
