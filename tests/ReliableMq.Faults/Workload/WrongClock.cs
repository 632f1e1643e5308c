namespace ReliableMq.Faults.Workload;

/// <summary>The clock of a process, which may be set wrong while it runs. Intervals stay right, as on any system.</summary>
internal sealed class WrongClock : TimeProvider
{
    private long _wrongBy;

    public void SetWrongBy(TimeSpan time) => Interlocked.Exchange(ref _wrongBy, time.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _wrongBy));
}
