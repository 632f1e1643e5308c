namespace ReliableMq.TestSupport;

/// <summary>
/// Time that passes only when a test says so. Delays, periodic timers, cancellation after a time, and Polly
/// fire inside <see cref="Advance"/>, in the order of their due times, each seeing the clock at its own.
/// </summary>
public sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly Pulse _pulse = new();
    private readonly List<ManualTimer> _scheduled = [];
    private DateTimeOffset _utcNow;
    private TimeSpan _elapsed;

    /// <param name="start">The wall clock at the start; a fixed date unless given.</param>
    public ManualTimeProvider(DateTimeOffset? start = null) =>
        _utcNow = start ?? new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>How many timers will fire some day: each pending delay and each running periodic timer is one.</summary>
    public int ActiveTimers
    {
        get
        {
            lock (_lock)
            {
                return _scheduled.Count;
            }
        }
    }

    /// <summary>How long from now each active timer fires, the next one first.</summary>
    public IReadOnlyList<TimeSpan> DueIn
    {
        get
        {
            lock (_lock)
            {
                return [.. _scheduled.Select(timer => timer.DueAt - _elapsed).Order()];
            }
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _utcNow;
        }
    }

    public override long GetTimestamp()
    {
        lock (_lock)
        {
            return _elapsed.Ticks;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>
    /// Lets time pass: wall clock and timestamps move together, and what falls due on the way fires before
    /// this returns (timers set by those too, when they fall due within the same stretch).
    /// </summary>
    public void Advance(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        TimeSpan target;
        lock (_lock)
        {
            target = _elapsed + time;
        }

        while (TakeNextDue(target) is { } timer)
        {
            timer.Fire();
        }

        lock (_lock)
        {
            MoveTo(target);
        }
    }

    /// <summary>
    /// Sets the wall clock, forwards or backwards, as an operator or a time server does: timestamps and
    /// timers do not notice.
    /// </summary>
    public void SetUtcNow(DateTimeOffset now)
    {
        lock (_lock)
        {
            _utcNow = now.ToUniversalTime();
        }
    }

    /// <summary>
    /// Waits until somebody waits on time: at least so many timers are active. After it,
    /// <see cref="Advance"/> cannot come too early.
    /// </summary>
    /// <param name="count">How many timers.</param>
    /// <param name="dueWithin">Counts only timers that fire within this time from now.</param>
    /// <param name="timeout">Default: 30 s of real time.</param>
    public Task WaitForTimersAsync(int count = 1, TimeSpan? dueWithin = null, TimeSpan? timeout = null) =>
        _pulse.WaitUntilAsync(
            () => DueIn.Count(due => due <= (dueWithin ?? TimeSpan.MaxValue)) >= count,
            () => $"{count} timers{(dueWithin is { } within ? $" due within {Show.Time(within)}" : "")}: "
                + $"there are {ActiveTimers}, due in {Show.Value(DueIn.Select(Show.Time))}",
            timeout);

    /// <summary>Makes the timer fire once after <paramref name="dueTime"/>, or never where it is infinite.</summary>
    internal void Schedule(ManualTimer timer, TimeSpan dueTime)
    {
        lock (_lock)
        {
            _scheduled.Remove(timer);
            if (dueTime != Timeout.InfiniteTimeSpan && !timer.IsDisposed)
            {
                timer.DueAt = _elapsed + dueTime;
                _scheduled.Add(timer);
            }
        }

        _pulse.Beat();
    }

    private ManualTimer? TakeNextDue(TimeSpan target)
    {
        ManualTimer? next;
        lock (_lock)
        {
            next = _scheduled.Where(timer => timer.DueAt <= target).MinBy(timer => timer.DueAt);
            if (next is null)
            {
                return null;
            }

            MoveTo(next.DueAt);
            _scheduled.Remove(next);
            if (next.Period is { } period)
            {
                next.DueAt += period;
                _scheduled.Add(next);
            }
        }

        _pulse.Beat();
        return next;
    }

    private void MoveTo(TimeSpan elapsed)
    {
        if (elapsed > _elapsed)
        {
            _utcNow += elapsed - _elapsed;
            _elapsed = elapsed;
        }
    }
}
