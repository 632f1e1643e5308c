using Microsoft.Extensions.Hosting;
using ReliableMq.Alerting;
using ReliableMq.DeadLettering;
using ReliableMq.Failing;
using ReliableMq.Outbox;
using ReliableMq.Storage;
using ReliableMq.Timing;

namespace ReliableMq.Diagnostics;

/// <summary>Measures the outboxes for the gauges while somebody listens to them.</summary>
internal sealed class PendingMeasurement(ServiceDatabases databases, AlertSinks sinks, ReliableMqMetrics metrics, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stopping = TimeLimit.None(stoppingToken);
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping.Token))
            {
                await RunOnceAsync(stopping.Token);
            }
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        foreach (var database in databases.Ready.Where(_ => metrics.MeasuresPending))
        {
            try
            {
                metrics.Pending(database.Name, await new OutboxTable(database).CountPendingAsync(cancellationToken));
                metrics.Parked(database.Name, await Parking.CountAsync(database, cancellationToken));
                metrics.DeadLettersWaiting(database.Name, await new DeadLetterTable(database).CountWaitingAsync(cancellationToken));
                var untold = (await new AlertTable(database).ReadUntoldAsync(cancellationToken)).ToDictionary(sink => sink.Sink, sink => sink.Count);
                foreach (var sink in sinks.All.Select(sink => sink.Name))
                {
                    metrics.AlertsUntold(database.Name, sink, untold.GetValueOrDefault(sink));
                }
            }
            catch (Exception) when (!cancellationToken.IsCancellationRequested)
            {
                // The database is away, which health and logs say; the gauges keep their last value.
            }
        }
    }
}
