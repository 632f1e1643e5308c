namespace ReliableMq.Benchmarks.EndToEnd;

/// <summary>When each message was committed by its sender and reached its handler.</summary>
internal sealed class Arrivals(int count)
{
    private readonly long[] _committed = new long[count];
    private readonly long[] _arrived = new long[count];
    private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _seen;

    public Task All => _all.Task;

    public void Committed(int number) => _committed[number] = TimeProvider.System.GetTimestamp();

    public void Arrived(int number)
    {
        if (Interlocked.CompareExchange(ref _arrived[number], TimeProvider.System.GetTimestamp(), 0) == 0 && Interlocked.Increment(ref _seen) == count)
        {
            _all.SetResult();
        }
    }

    /// <summary>From the commit's return to the handler's start, in milliseconds, in order.</summary>
    public double[] Latencies() =>
        [.. _committed.Zip(_arrived, (from, to) => Math.Max(0, TimeProvider.System.GetElapsedTime(from, to).TotalMilliseconds)).Order()];
}
