using Npgsql;
using NpgsqlTypes;
using ReliableMq.Scheduling;
using ReliableMq.Storage;

namespace ReliableMq.Outbox;

/// <summary>Removes sent messages that have been kept long enough, in short batches.</summary>
internal sealed class HistoryHousekeeping(ServiceDatabases databases, ReliableMqOptions options) : IScheduledWork
{
    private const int BatchSize = 1_000;

    public string Name => "history-housekeeping";

    public TimeSpan Interval => TimeSpan.FromMinutes(10);

    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        foreach (var database in databases.Ready)
        {
            while (await RemoveBatchAsync(database, cancellationToken) == BatchSize)
            {
                // Each batch is a transaction of its own: locks are short, and a stop loses nothing.
            }
        }
    }

    private async Task<int> RemoveBatchAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(database.OutboxSql.RemoveHistory, session.Connection)
        {
            Parameters =
            {
                new NpgsqlParameter<TimeSpan>("keep", NpgsqlDbType.Interval) { TypedValue = options.Outbox.KeepSent },
                new NpgsqlParameter<int>("limit", BatchSize),
            },
        };
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
