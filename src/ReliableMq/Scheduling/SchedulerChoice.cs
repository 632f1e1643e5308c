using Quartz;

namespace ReliableMq.Scheduling;

/// <summary>The scheduler that <c>UseScheduler</c> gave.</summary>
internal sealed record SchedulerChoice(Func<IServiceProvider, CancellationToken, ValueTask<IScheduler>> GetAsync);
