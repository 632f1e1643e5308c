using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Quartz;
using ReliableMq.Hosting;
using ReliableMq.Storage;

namespace ReliableMq.Scheduling;

/// <summary>
/// Triggers the resend with Quartz, on a private scheduler so that the user's own is left alone. The job only
/// calls <see cref="RunOnceAsync"/>; all rules are in the dispatcher.
/// </summary>
internal sealed class ResendSchedule(
    DispatcherHost dispatchers, ServiceDatabases databases, IOptions<ReliableMqOptions> options) : IHostedService
{
    private IScheduler? _scheduler;

    /// <summary>Asks every dispatcher to look for due rows now.</summary>
    public ValueTask RunOnceAsync()
    {
        foreach (var dispatcher in dispatchers.Dispatchers)
        {
            dispatcher.RunSoon();
        }

        return ValueTask.CompletedTask;
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (databases.All.Count == 0)
        {
            return;
        }

        // Names are unique within a process; two hosts in one process have two schedulers.
        _scheduler = await QuartzSchedulerBuilder
            .Create(quartz => quartz
                .ConfigureScheduler(scheduler => scheduler.InstanceName = $"ReliableMq-{Guid.NewGuid():N}")
                .UseDefaultThreadPool(1)
                .UseInMemoryStore())
            .BuildScheduler(cancellationToken);
        _scheduler.Context[nameof(ResendSchedule)] = this;
        var interval = options.Value.Outbox.ResendInterval;
        await _scheduler.ScheduleJob(
            JobBuilder.Create<ResendJob>().WithIdentity("resend", "ReliableMq").Build(),
            TriggerBuilder.Create().WithIdentity("resend", "ReliableMq")
                .StartNow()
                .WithSimpleSchedule(schedule => schedule.WithInterval(interval).RepeatForever())
                .Build(),
            cancellationToken: cancellationToken);
        await _scheduler.Start(cancellationToken);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_scheduler is not null)
        {
            await _scheduler.Shutdown(waitForJobsToComplete: false, cancellationToken);
        }
    }
}

/// <summary>Quartz's side of the resend.</summary>
internal sealed class ResendJob : IJob
{
    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        ((ResendSchedule)context.Scheduler.Context[nameof(ResendSchedule)]!).RunOnceAsync();
}
