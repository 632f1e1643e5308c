using Quartz;

namespace ReliableMq.Scheduling;

/// <summary>
/// Quartz's side of all scheduled work. A run is not overtaken by the next. It is made by
/// whatever job factory the scheduler has, so it finds its host by the scheduler's own context, which no other
/// process shares.
/// </summary>
[DisallowConcurrentExecution]
internal sealed class ScheduledJob : IJob
{
    private static readonly TimeSpan HandBackDelay = TimeSpan.FromSeconds(1);

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        if (context.Scheduler.Context.TryGetValue(context.JobDetail.Key.Group, out var found) && found is QuartzSchedule schedule)
        {
            await schedule.RunAsync(context.JobDetail.Key.Name, cancellationToken);
        }
        else
        {
            await HandBackAsync(context, cancellationToken);
        }
    }

    /// <summary>
    /// In a cluster whose nodes are different services, any node may be given any work. It is offered again soon,
    /// until a node of its own service takes it.
    /// </summary>
    private static async Task HandBackAsync(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        var key = context.JobDetail.Key;
        var again = TriggerBuilder.Create().ForJob(key).WithIdentity($"{key.Name} (handed back)", key.Group)
            .StartAt(context.Scheduler.TimeProvider.GetUtcNow() + HandBackDelay)
            .Build();
        await context.Scheduler.ScheduleTrigger(again, TriggerConflict.Keep, cancellationToken);
    }
}
