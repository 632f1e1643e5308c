using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ReliableMq.Broker;
using ReliableMq.Diagnostics;
using ReliableMq.Scheduling;
using ReliableMq.Storage;

namespace ReliableMq.DeadLettering;

/// <summary>Carries on replays: at start, when one is asked for here, and now and then those of processes that died.</summary>
internal sealed class ReplayHost(ServiceDatabases databases, TimeProvider time, ILogger<ReplayHost> logger) : BackgroundService, IScheduledWork
{
    private readonly SemaphoreSlim _woken = new(1, 1);

    public string Name => "replay";

    public TimeSpan Interval => TimeSpan.FromMinutes(1);

    public Task RunOnceAsync(CancellationToken cancellationToken)
    {
        Wake();
        return Task.CompletedTask;
    }

    public void Wake()
    {
        try
        {
            _woken.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake.
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var failures = 0;
        TimeSpan? next = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await WaitAsync(next, stoppingToken);
                next = null;
                foreach (var database in databases.Inboxes.Where(inbox => inbox.Ready.IsCompletedSuccessfully).DistinctBy(inbox => inbox.Sender))
                {
                    var due = await new ReplayRunner(database, logger).RunOnceAsync(stoppingToken);
                    next = next < due ? next : due ?? next;
                }

                failures = 0;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                next = Backoff.Delay(++failures, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(30), Random.Shared.NextDouble());
                LogMessages.ReplayFailed(logger, next.Value, exception);
            }
        }
    }

    private async Task WaitAsync(TimeSpan? next, CancellationToken stopping)
    {
        if (next is not { } due)
        {
            await _woken.WaitAsync(stopping);
            return;
        }

        using var timeout = new CancellationTokenSource(due > TimeSpan.Zero ? due : TimeSpan.FromTicks(1), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopping);
        await _woken.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.ThrowIfCancellationRequested();
    }

    public override void Dispose()
    {
        _woken.Dispose();
        base.Dispose();
    }
}
