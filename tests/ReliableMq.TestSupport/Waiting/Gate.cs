namespace ReliableMq.TestSupport;

/// <summary>
/// Holds callers at an exact place until the test lets them on, and tells the test how many stand there.
/// </summary>
/// <param name="what">The place, as in "handler before its commit".</param>
public sealed class Gate(string what)
{
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Pulse _pulse = new();
    private int _waiting;

    /// <summary>How many callers stand before the gate now.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Lets everybody through, now and later.</summary>
    public void Open() => _open.TrySetResult();

    /// <summary>Called by the code under test: returns when the gate is open.</summary>
    public async Task PassAsync(CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _waiting);
        _pulse.Beat();
        try
        {
            await _open.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
            _pulse.Beat();
        }
    }

    /// <summary>Waits until at least so many callers stand before the gate.</summary>
    /// <param name="count">How many.</param>
    /// <param name="timeout">Default: 30 s.</param>
    public Task WaitForCallersAsync(int count = 1, TimeSpan? timeout = null) =>
        _pulse.WaitUntilAsync(() => Waiting >= count, () => $"{what}: {Waiting} of {count} wait there", timeout);
}
