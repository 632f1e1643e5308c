namespace ReliableMq.Scheduling;

/// <summary>Something that is done again and again. Quartz only calls it; tests call it directly.</summary>
internal interface IScheduledWork
{
    string Name { get; }

    TimeSpan Interval { get; }

    Task RunOnceAsync(CancellationToken cancellationToken);
}
