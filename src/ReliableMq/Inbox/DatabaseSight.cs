namespace ReliableMq.Inbox;

/// <summary>For how long this process has seen the database without a break. An outage says nothing about other processes.</summary>
/// <param name="longestGap">Between two looks; what was in a longer one is not known.</param>
/// <param name="time">The process's own clock.</param>
internal sealed class DatabaseSight(TimeSpan longestGap, TimeProvider time)
{
    private readonly Lock _gate = new();
    private long? _since;
    private long _last;

    /// <summary>It has just answered.</summary>
    /// <returns>The time since the last break.</returns>
    public TimeSpan Seen()
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (_since is null || time.GetElapsedTime(_last, now) > longestGap)
            {
                _since = now;
            }

            _last = now;
            return time.GetElapsedTime(_since.Value, now);
        }
    }

    /// <summary>It has not answered.</summary>
    public void Lost()
    {
        lock (_gate)
        {
            _since = null;
        }
    }
}
