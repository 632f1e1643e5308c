using Npgsql;
using NpgsqlTypes;
using ReliableMq.Alerting;
using ReliableMq.Scheduling;
using ReliableMq.Storage;

namespace ReliableMq.Failing;

/// <summary>
/// Tells of ordering keys whose messages have been parked for long. What they wait for may be retried for hours, or may
/// be lost with its queue, which nothing can tell apart: somebody has to look.
/// </summary>
internal sealed class HeldKeys(ServiceDatabases databases) : IScheduledWork
{
    private const int Most = 1_000;

    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    public string Name => "held-keys";

    public TimeSpan Interval => TimeSpan.FromMinutes(10);

    public Task RunOnceAsync(CancellationToken cancellationToken) => databases.ForEachReadyAsync(database => LookAfterAsync(database, cancellationToken));

    private async Task LookAfterAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        var raises = await FindAsync(database, session.Connection, cancellationToken);
        await database.Alerts.RaiseAsync(session.Connection, raises, cancellationToken);
    }

    private static async Task<List<AlertRaise>> FindAsync(ServiceDatabase database, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(new ParkedSql(database.Schema).HeldForLong, connection)
        {
            Parameters = { new NpgsqlParameter<TimeSpan>("long", NpgsqlDbType.Interval) { TypedValue = Long }, new NpgsqlParameter<int>("limit", Most) },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var raises = new List<AlertRaise>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var (queue, key) = (reader.GetString(0), reader.GetString(1));
            raises.Add(new AlertRaise(
                AlertKinds.Parked, queue, AlertSeverity.Warning,
                $"Messages of \"{queue}\" have waited for more than an hour for an earlier one of their ordering key. Let the key go on without it if that one is lost or cannot be helped.",
                reader.GetString(3), $"It holds the ordering key \"{key}\" since {reader.GetFieldValue<DateTimeOffset>(2):u}, {reader.GetString(4)} after {reader.GetInt32(5)} attempt(s)."));
        }

        return raises;
    }
}
