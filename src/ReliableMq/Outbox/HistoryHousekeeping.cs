using Npgsql;
using NpgsqlTypes;
using ReliableMq.Scheduling;
using ReliableMq.Storage;

namespace ReliableMq.Outbox;

/// <summary>Removes sent messages that have been kept long enough, in short batches, and forgets processes that ended long ago.</summary>
internal sealed class HistoryHousekeeping(ServiceDatabases databases, ReliableMqOptions options) : IScheduledWork
{
    private const int BatchSize = 1_000;

    public string Name => "history-housekeeping";

    public TimeSpan Interval => TimeSpan.FromMinutes(10);

    public Task RunOnceAsync(CancellationToken cancellationToken) => databases.ForEachReadyAsync(database => LookAfterAsync(database, cancellationToken));

    private async Task LookAfterAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        // Each batch is a transaction of its own: locks are short, and a stop loses nothing.
        Guid? after = Guid.Empty;
        while (after is { } last)
        {
            after = await RemoveBatchAsync(database, last, cancellationToken);
        }

        await RemoveNodesAsync(database, cancellationToken);
    }

    private static async Task RemoveNodesAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(database.OutboxSql.RemoveNodes, session.Connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <returns>Where to go on, null at the end.</returns>
    private async Task<Guid?> RemoveBatchAsync(ServiceDatabase database, Guid after, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(database.OutboxSql.RemoveHistory, session.Connection)
        {
            Parameters =
            {
                new NpgsqlParameter<TimeSpan>("keep", NpgsqlDbType.Interval) { TypedValue = options.Outbox.KeepSent },
                new NpgsqlParameter<int>("limit", BatchSize),
                new NpgsqlParameter<Guid>("after", after),
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetInt64(0) == BatchSize ? reader.GetGuid(1) : null;
    }
}
