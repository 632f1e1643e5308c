namespace ReliableMq.Diagnostics;

/// <summary>
/// A histogram of latencies: each bucket ends at √2 times the one before, from 1 ms to some 12 minutes, so that a
/// percentile is never further off than that.
/// </summary>
internal sealed class LatencyBuckets
{
    public const int Count = 40;
    private readonly long[] _counts = new long[Count];

    public void Add(TimeSpan latency) => Interlocked.Increment(ref _counts[IndexOf(latency)]);

    public long[] Read()
    {
        var counts = new long[Count];
        for (var i = 0; i < Count; i++)
        {
            counts[i] = Interlocked.Read(ref _counts[i]);
        }

        return counts;
    }

    /// <summary>The bucket of a latency. Clocks of two machines differ: one that seems negative is none.</summary>
    public static int IndexOf(TimeSpan latency) =>
        latency.TotalMilliseconds <= 1 ? 0 : Math.Min(Count - 1, (int)Math.Ceiling(2 * Math.Log2(latency.TotalMilliseconds)));
}
