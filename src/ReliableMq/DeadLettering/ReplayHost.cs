using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ReliableMq.Broker;
using ReliableMq.Diagnostics;
using ReliableMq.Scheduling;
using ReliableMq.Storage;
using ReliableMq.Timing;

namespace ReliableMq.DeadLettering;

/// <summary>
/// Carries on replays: at start, when one is asked for here, and now and then those of processes that died. Each
/// database by itself, so that one that is away holds up no replay of another.
/// </summary>
internal sealed class ReplayHost(ServiceDatabases databases, TimeProvider time, QuietLogger<ReplayHost> logger) : BackgroundService, IScheduledWork
{
    private readonly IReadOnlyList<(ServiceDatabase Inbox, SemaphoreSlim Woken)> _inboxes = [.. databases.Inboxes.Select(inbox => (inbox, new SemaphoreSlim(1, 1)))];

    public string Name => "replay";

    public TimeSpan Interval => TimeSpan.FromMinutes(1);

    public Task RunOnceAsync(CancellationToken cancellationToken)
    {
        Wake();
        return Task.CompletedTask;
    }

    public void Wake()
    {
        foreach (var (_, woken) in _inboxes)
        {
            try
            {
                woken.Release();
            }
            catch (SemaphoreFullException)
            {
                // It is awake.
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stopping = TimeLimit.None(stoppingToken);
        await Task.WhenAll(_inboxes.Select(one => Task.Run(() => RunAsync(one.Inbox, one.Woken, stopping.Token), CancellationToken.None)));
    }

    private async Task RunAsync(ServiceDatabase inbox, SemaphoreSlim woken, CancellationToken stopping)
    {
        // A start is over before a database that comes late; what is asked for meanwhile is not to wait for the schedule.
        await inbox.Ready.WaitAsync(stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (stopping.IsCancellationRequested || databases.Inboxes.First(other => other.Ready.IsCompletedSuccessfully && other.Sender == inbox.Sender) != inbox)
        {
            // Another inbox has the same tables.
            return;
        }

        var runner = new ReplayRunner(inbox, logger);
        var failures = 0;
        TimeSpan? next = null;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await WaitAsync(woken, next, stopping);
                next = await runner.RunOnceAsync(stopping);
                failures = 0;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
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

    private async Task WaitAsync(SemaphoreSlim woken, TimeSpan? next, CancellationToken stopping)
    {
        if (next is not { } due)
        {
            await woken.WaitAsync(stopping);
            return;
        }

        using var timeout = new TimeLimit(due > TimeSpan.Zero ? due : TimeSpan.FromTicks(1), time, stopping);
        await woken.WaitAsync(timeout.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.ThrowIfCancellationRequested();
    }

    public override void Dispose()
    {
        foreach (var (_, woken) in _inboxes)
        {
            woken.Dispose();
        }

        base.Dispose();
    }
}
