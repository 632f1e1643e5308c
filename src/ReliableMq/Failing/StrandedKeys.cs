using Microsoft.Extensions.Logging;
using ReliableMq.Diagnostics;
using ReliableMq.Scheduling;
using ReliableMq.Storage;

namespace ReliableMq.Failing;

/// <summary>
/// The net under parking: a key with parked messages that nothing holds any more goes on. That happens where an
/// operator cancels a scheduled retry, and where the order of a queue is changed.
/// </summary>
internal sealed class StrandedKeys(ServiceDatabases databases, QuietLogger<StrandedKeys> logger) : IScheduledWork
{
    public string Name => "stranded-keys";

    public TimeSpan Interval => TimeSpan.FromSeconds(30);

    public Task RunOnceAsync(CancellationToken cancellationToken) =>
        databases.ForEachReadyAsync(database => new Parking(database, logger).ReleaseStrandedAsync(cancellationToken));
}
