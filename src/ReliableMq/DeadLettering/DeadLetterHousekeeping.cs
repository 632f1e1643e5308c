using Npgsql;
using NpgsqlTypes;
using ReliableMq.Scheduling;
using ReliableMq.Storage;

namespace ReliableMq.DeadLettering;

/// <summary>Removes what operators were done with long ago, in short batches. What waits for one is never removed.</summary>
internal sealed class DeadLetterHousekeeping(ServiceDatabases databases, ReliableMqOptions options) : IScheduledWork
{
    private const int BatchSize = 1_000;

    public string Name => "dead-letter-housekeeping";

    public TimeSpan Interval => TimeSpan.FromMinutes(10);

    public Task RunOnceAsync(CancellationToken cancellationToken) => databases.ForEachReadyAsync(database => LookAfterAsync(database, cancellationToken));

    private async Task LookAfterAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        var keep = options.DeadLetters;
        var sql = new ReplaySql(database.Schema);
        foreach (var (remove, time) in new[] { (sql.RemoveReplayed, keep.KeepReplayed), (sql.RemoveReplays, keep.KeepReplayed), (sql.RemoveAudit, keep.KeepAudit) })
        {
            // Each batch is a transaction of its own: locks are short, and a stop loses nothing.
            while (await RemoveBatchAsync(database, remove, time, cancellationToken) == BatchSize)
            {
            }
        }
    }

    private static async Task<int> RemoveBatchAsync(ServiceDatabase database, string remove, TimeSpan keep, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(remove, session.Connection)
        {
            Parameters = { new NpgsqlParameter<TimeSpan>("keep", NpgsqlDbType.Interval) { TypedValue = keep }, new NpgsqlParameter<int>("limit", BatchSize) },
        };
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
