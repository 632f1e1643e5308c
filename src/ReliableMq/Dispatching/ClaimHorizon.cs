namespace ReliableMq.Dispatching;

/// <summary>
/// From which time on claims look for due rows. While a transaction anywhere in the database stays open, the index
/// keeps an entry of every row that has left since, and a claim from the beginning walks over all of them. What was
/// looked through is therefore left out, but for a moment, and looked through again once a minute: a transaction
/// that committed long after its rows became due has put them there.
/// </summary>
internal sealed class ClaimHorizon(TimeProvider time)
{
    /// <summary>What became due so recently may not have been visible yet.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Everything = TimeSpan.FromMinutes(1);

    private static readonly DateTime Beginning = DateTime.UnixEpoch;

    private DateTime _from = Beginning;
    private long _beganAt;
    private int _again = 1;

    /// <summary>The next look begins at the beginning. From any thread.</summary>
    public void LookAtAll() => Volatile.Write(ref _again, 1);

    /// <summary>Where the next look begins, by the database's clock.</summary>
    public DateTime Next()
    {
        if (Interlocked.Exchange(ref _again, 0) == 1 || time.GetElapsedTime(_beganAt) >= Everything)
        {
            _from = Beginning;
            _beganAt = time.GetTimestamp();
        }

        return _from;
    }

    /// <summary>After a look.</summary>
    /// <param name="databaseTime">When it was, by the database's clock.</param>
    /// <param name="tookAll">Whether nothing due was left.</param>
    public void Looked(DateTime databaseTime, bool tookAll)
    {
        if (tookAll)
        {
            _from = databaseTime - Moment;
        }
    }
}
