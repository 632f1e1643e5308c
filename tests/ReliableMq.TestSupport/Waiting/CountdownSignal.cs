namespace ReliableMq.TestSupport;

/// <summary>Something that happens a number of times; more often than that is remembered too.</summary>
/// <param name="count">How often it is awaited.</param>
/// <param name="what">What happens, as in "messages handled".</param>
public sealed class CountdownSignal(int count, string what)
{
    private readonly Pulse _pulse = new();
    private int _seen;

    /// <summary>How often it has happened so far, beyond the awaited number too.</summary>
    public int Seen => Volatile.Read(ref _seen);

    /// <summary>Says that it has happened once more.</summary>
    public void Set()
    {
        Interlocked.Increment(ref _seen);
        _pulse.Beat();
    }

    /// <summary>Waits until it has happened often enough.</summary>
    /// <param name="timeout">Default: 30 s; past it the wait fails and says how often it happened.</param>
    public Task WaitAsync(TimeSpan? timeout = null) =>
        _pulse.WaitUntilAsync(() => Seen >= count, () => $"{what}: {Seen} of {count}", timeout);
}
