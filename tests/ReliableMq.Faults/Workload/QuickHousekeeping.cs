using Microsoft.Extensions.Hosting;
using Quartz;

namespace ReliableMq.Faults.Workload;

/// <summary>Has the library's own housekeeping run every few seconds, as an operator could: a soak has no time for ten minutes.</summary>
internal sealed class QuickHousekeeping(IScheduler scheduler, string service) : IHostedService
{
    private static readonly string[] Works = ["history-housekeeping", "inbox-housekeeping", "alert-housekeeping", "dead-letter-housekeeping", "held-keys"];
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>After the library has arranged its work, since it was registered before.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var work in Works)
        {
            var key = new TriggerKey(work, $"ReliableMq {service}");
            var trigger = TriggerBuilder.Create().WithIdentity(key)
                .StartNow()
                .WithSimpleSchedule(schedule => schedule.WithInterval(Interval).RepeatForever().MeasureIntervalFromCompletion())
                .Build();
            if (await scheduler.RescheduleJob(key, trigger, cancellationToken) is null)
            {
                throw new InvalidOperationException($"There is no scheduled work '{work}' of '{service}'. Correct its name here.");
            }
        }

        await scheduler.Start(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => scheduler.Shutdown(waitForJobsToComplete: true, cancellationToken).AsTask();
}
