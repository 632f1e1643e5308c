using Npgsql;
using NpgsqlTypes;
using ReliableMq.Diagnostics;
using ReliableMq.Scheduling;
using ReliableMq.Storage;

namespace ReliableMq.Inbox;

/// <summary>Forgets what was handled or discarded long enough ago, in short batches, and keeps how far it has come.</summary>
internal sealed class InboxHousekeeping(ServiceDatabases databases, ReliableMqOptions options) : IScheduledWork
{
    private const int BatchSize = 1_000;

    public string Name => "inbox-housekeeping";

    public TimeSpan Interval => TimeSpan.FromMinutes(10);

    public Task RunOnceAsync(CancellationToken cancellationToken) => databases.ForEachReadyAsync(database => LookAfterAsync(database, cancellationToken));

    private async Task LookAfterAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        var sql = new InboxSql(database.Schema);
        foreach (var remove in new[] { sql.RemoveHandled, sql.RemoveDiscarded, new StartSql(database.Schema).RemoveOld })
        {
            // Each batch is a transaction of its own: locks are short, and a stop loses nothing.
            DateTime? after = DateTime.UnixEpoch;
            while (after is { } last)
            {
                after = await RemoveBatchAsync(database, remove, last, cancellationToken);
                CrashPoint.Here("in housekeeping");
            }
        }
    }

    /// <returns>Where to go on, null at the end.</returns>
    private async Task<DateTime?> RemoveBatchAsync(ServiceDatabase database, string remove, DateTime after, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(remove, session.Connection)
        {
            Parameters =
            {
                new NpgsqlParameter<TimeSpan>("keep", NpgsqlDbType.Interval) { TypedValue = options.Inbox.KeepHandled + Horizon.ClockMargin },
                new NpgsqlParameter<int>("limit", BatchSize),
                new NpgsqlParameter<DateTime>("after", NpgsqlDbType.TimestampTz) { TypedValue = after },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetInt64(0) == BatchSize ? reader.GetDateTime(1) : null;
    }
}
