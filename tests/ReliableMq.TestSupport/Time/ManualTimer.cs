namespace ReliableMq.TestSupport;

/// <summary>One timer of a <see cref="ManualTimeProvider"/>.</summary>
internal sealed class ManualTimer(ManualTimeProvider time, TimerCallback callback, object? state) : ITimer
{
    private readonly Action _callback = WithCurrentContext(() => callback(state));
    private volatile bool _disposed;

    /// <summary>When it fires, on the provider's own elapsed time; the provider's lock guards it.</summary>
    public TimeSpan DueAt { get; set; }

    public TimeSpan? Period { get; private set; }

    public bool IsDisposed => _disposed;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        if (_disposed)
        {
            return false;
        }

        Period = period == Timeout.InfiniteTimeSpan || period == TimeSpan.Zero ? null : period;
        if (dueTime == TimeSpan.Zero)
        {
            // Due at once: on another thread, as with a real timer, so that its owner is done creating it.
            ThreadPool.QueueUserWorkItem(_ => Fire());
            time.Schedule(this, Period ?? Timeout.InfiniteTimeSpan);
        }
        else
        {
            time.Schedule(this, dueTime);
        }

        return true;
    }

    public void Fire()
    {
        if (!_disposed)
        {
            _callback();
        }
    }

    public void Dispose()
    {
        _disposed = true;
        time.Schedule(this, Timeout.InfiniteTimeSpan);
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    // Like the system's timers: what flows with the creator (activities, test context) is there in the callback.
    private static Action WithCurrentContext(Action action) =>
        ExecutionContext.Capture() is { } context
            ? () => ExecutionContext.Run(context, _ => action(), null)
            : action;
}
