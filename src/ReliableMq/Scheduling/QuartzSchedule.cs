using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quartz;
using ReliableMq.Broker;
using ReliableMq.Diagnostics;
using ReliableMq.Handling;
using ReliableMq.Receiving;
using ReliableMq.Storage;
using ReliableMq.Timing;

namespace ReliableMq.Scheduling;

/// <summary>
/// Runs the scheduled work with Quartz: on a private scheduler, so that the user's own is left alone, or on the
/// one that the user gave, which is neither started nor shut down here.
/// </summary>
internal sealed class QuartzSchedule(
    IEnumerable<IScheduledWork> works, ServiceDatabases databases, HandlerRegistry handlers, ScheduledWorkRunner runner, ReliableMqOptions options, IServiceProvider services,
    TimeProvider time, QuietLogger<QuartzSchedule> logger, SchedulerChoice? choice = null) : IHostedService, IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Running _running = new();
    private IAsyncDisposable? _private;
    private IScheduler? _scheduler;
    private Task _arranging = Task.CompletedTask;

    /// <summary>The group of this service's jobs and triggers, and what the scheduler's context knows this host by.</summary>
    private string Group => $"ReliableMq {options.Service}";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // Without a database only what consumers need of the broker is left to look after.
        if (databases.All.Count == 0 && handlers.Queues.Count == 0)
        {
            return;
        }

        if (choice is null)
        {
            _scheduler = await BuildPrivateAsync(cancellationToken);
            await ArrangeAsync(_scheduler, cancellationToken);
            await _scheduler.Start(cancellationToken);
        }
        else if (!await TryArrangeAsync(choice, cancellationToken))
        {
            _arranging = KeepTryingAsync(choice);
        }
    }

    private async Task<IScheduler> BuildPrivateAsync(CancellationToken cancellationToken)
    {
        // Names are unique within a process; two hosts in one process have two schedulers.
        var factory = QuartzSchedulerBuilder
            .Create(quartz => quartz
                .ConfigureScheduler(scheduler => scheduler.InstanceName = $"ReliableMq-{Guid.NewGuid():N}")
                .UseDefaultThreadPool(2)
                .UseInMemoryStore())
            .Build();
        _private = factory as IAsyncDisposable;
        return await factory.GetScheduler(cancellationToken);
    }

    /// <summary>A scheduler whose store cannot be reached does not stop the start, as no other server does.</summary>
    private async Task<bool> TryArrangeAsync(SchedulerChoice chosen, CancellationToken cancellationToken)
    {
        try
        {
            var scheduler = await chosen.GetAsync(services, cancellationToken);
            await ArrangeAsync(scheduler, cancellationToken);
            _scheduler = scheduler;
            return true;
        }
        catch (SchedulerException exception)
        {
            LogMessages.SchedulerUnavailable(logger, exception);
            return false;
        }
    }

    private async Task KeepTryingAsync(SchedulerChoice chosen)
    {
        try
        {
            for (var failures = 1; ; failures++)
            {
                await Task.Delay(Backoff.Delay(failures, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), Random.Shared.NextDouble()), time, _stopping.Token);
                try
                {
                    if (await TryArrangeAsync(chosen, _stopping.Token))
                    {
                        return;
                    }
                }
                catch (Exception exception) when (!_stopping.IsCancellationRequested)
                {
                    // Whatever the application's own scheduler throws now, it has been accepted once, and may be well later.
                    LogMessages.SchedulerUnavailable(logger, exception);
                }
            }
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task ArrangeAsync(IScheduler scheduler, CancellationToken cancellationToken)
    {
        scheduler.Context[Group] = this;
        foreach (var work in works)
        {
            var key = new TriggerKey(work.Name, Group);
            // Another node may have arranged it before, and its times stay as they are unless the interval is another.
            if (await scheduler.GetTrigger(key, cancellationToken) is not ISimpleTrigger known || known.RepeatInterval != work.Interval)
            {
                await scheduler.ScheduleJob(
                    JobBuilder.Create<ScheduledJob>().WithIdentity(work.Name, Group).Build(),
                    TriggerOf(key, work.Interval),
                    ScheduleJobOptions.Replacing,
                    cancellationToken);
            }
            else if (await scheduler.GetTriggerState(key, cancellationToken) == TriggerState.Error)
            {
                await scheduler.ResetTriggerFromErrorState(key, cancellationToken);
            }
        }
    }

    /// <summary>The interval is between two runs: after a pause, what was missed is not made up for by a burst.</summary>
    private static ITrigger TriggerOf(TriggerKey key, TimeSpan interval) => TriggerBuilder.Create()
        .WithIdentity(key)
        .StartNow()
        .WithSimpleSchedule(schedule => schedule.WithInterval(interval).RepeatForever().MeasureIntervalFromCompletion())
        .Build();

    public async Task RunAsync(string name, CancellationToken cancellationToken)
    {
        // Unknown is what another version of the service has left in a store that stays.
        if (works.FirstOrDefault(work => work.Name == name) is { } work)
        {
            using var interrupted = TimeLimit.None(cancellationToken);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(interrupted.Token, _stopping.Token);
            _running.Add();
            try
            {
                await runner.RunAsync(work, either.Token);
            }
            finally
            {
                _running.Remove();
            }
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelQuietlyAsync();
        await _arranging;
        if (_scheduler is not null && _scheduler.Context.TryGetValue(Group, out var host) && ReferenceEquals(host, this))
        {
            _scheduler.Context.Remove(Group);
        }

        if (choice is null && _scheduler is not null)
        {
            await _scheduler.Shutdown(waitForJobsToComplete: false, cancellationToken);
        }

        await _running.IdleAsync().WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        _stopping.Dispose();
        if (_private is not null)
        {
            await _private.DisposeAsync();
        }
    }
}
