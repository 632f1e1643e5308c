using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quartz;
using ReliableMq.Diagnostics;
using ReliableMq.Storage;

namespace ReliableMq.Scheduling;

/// <summary>Runs the scheduled work with Quartz, on a private scheduler so that the user's own is left alone.</summary>
internal sealed class QuartzSchedule(IEnumerable<IScheduledWork> works, ServiceDatabases databases, ILogger<QuartzSchedule> logger) : IHostedService
{
    private IScheduler? _scheduler;

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
                .UseDefaultThreadPool(2)
                .UseInMemoryStore())
            .BuildScheduler(cancellationToken);
        _scheduler.Context[nameof(QuartzSchedule)] = this;
        foreach (var work in works)
        {
            await _scheduler.ScheduleJob(
                JobBuilder.Create<ScheduledJob>().WithIdentity(work.Name, "ReliableMq").Build(),
                TriggerBuilder.Create().WithIdentity(work.Name, "ReliableMq")
                    .StartNow()
                    .WithSimpleSchedule(schedule => schedule.WithInterval(work.Interval).RepeatForever())
                    .Build(),
                cancellationToken: cancellationToken);
        }

        await _scheduler.Start(cancellationToken);
    }

    public async Task RunAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await works.Single(work => work.Name == name).RunOnceAsync(cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The next run comes in any case.
            LogMessages.ScheduledWorkFailed(logger, name, exception);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_scheduler is not null)
        {
            await _scheduler.Shutdown(waitForJobsToComplete: false, cancellationToken);
        }
    }
}

/// <summary>Quartz's side of all scheduled work. A run that takes longer than its interval is not overtaken.</summary>
[DisallowConcurrentExecution]
internal sealed class ScheduledJob : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default) =>
        await ((QuartzSchedule)context.Scheduler.Context[nameof(QuartzSchedule)]!).RunAsync(context.JobDetail.Key.Name, cancellationToken);
}
