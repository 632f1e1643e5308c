namespace ReliableMq.Timing;

/// <summary>Cancels after a time, or with another token, and lets nothing out that anybody throws who is told.</summary>
internal sealed class TimeLimit : CancellationTokenSource
{
    private readonly CancellationTokenRegistration _outer;
    private readonly ITimer _timer;
    private volatile bool _isReached;

    /// <param name="limit">After this time.</param>
    /// <param name="time">By this clock.</param>
    /// <param name="outer">Or with this token.</param>
    public TimeLimit(TimeSpan limit, TimeProvider time, CancellationToken outer = default)
    {
        _timer = time.CreateTimer(static state => ((TimeLimit)state!).Reach(), this, limit, Timeout.InfiniteTimeSpan);
        _outer = outer.UnsafeRegister(static state => ((TimeLimit)state!).CancelQuietly(), this);
    }

    /// <summary>For the token of somebody else, who may cancel it on a timer: lets nothing out, and has no limit of its own.</summary>
    public static TimeLimit None(CancellationToken outer) => new(Timeout.InfiniteTimeSpan, TimeProvider.System, outer);

    /// <summary>Whether the time is over.</summary>
    public bool IsReached => _isReached;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _timer.Dispose();
            _outer.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Reach()
    {
        _isReached = true;
        this.CancelQuietly();
    }
}
