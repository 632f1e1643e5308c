using ReliableMq.Scheduling;
using ReliableMq.Storage;

namespace ReliableMq.Alerting;

/// <summary>Resolves what has become quiet and removes what was resolved long ago.</summary>
internal sealed class AlertHousekeeping(ServiceDatabases databases, AlertSinks sinks) : IScheduledWork
{
    private const int BatchSize = 1_000;

    public string Name => "alert-housekeeping";

    public TimeSpan Interval => TimeSpan.FromMinutes(10);

    public Task RunOnceAsync(CancellationToken cancellationToken) => databases.ForEachReadyAsync(database => LookAfterAsync(new AlertTable(database), cancellationToken));

    private async Task LookAfterAsync(AlertTable table, CancellationToken cancellationToken)
    {
        await table.ResolveQuietAsync([.. sinks.All.Select(sink => sink.Name)], cancellationToken);
        while (await table.RemoveResolvedAsync(BatchSize, cancellationToken) == BatchSize)
        {
            // Each batch is a transaction of its own.
        }
    }
}
