namespace ReliableMq.Dispatching;

/// <summary>When the database is asked next for due rows. Anybody may wish for an earlier time.</summary>
internal sealed class PollClock(TimeProvider time)
{
    private long _next;

    public bool IsDue => time.GetTimestamp() >= Volatile.Read(ref _next);

    public TimeSpan Wait => TimeSpan.FromSeconds((double)(Volatile.Read(ref _next) - time.GetTimestamp()) / time.TimestampFrequency);

    /// <summary>Sets the time before a poll begins, so that an earlier wish that comes meanwhile is kept.</summary>
    public void Restart(TimeSpan interval) => Volatile.Write(ref _next, In(interval));

    /// <returns>Whether that is earlier than it was.</returns>
    public bool PollWithin(TimeSpan delay)
    {
        var at = In(delay);
        for (var known = Volatile.Read(ref _next); at < known; known = Volatile.Read(ref _next))
        {
            if (Interlocked.CompareExchange(ref _next, at, known) == known)
            {
                return true;
            }
        }

        return false;
    }

    private long In(TimeSpan delay) => time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency);
}
