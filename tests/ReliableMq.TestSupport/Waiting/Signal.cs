namespace ReliableMq.TestSupport;

/// <summary>Something that happens once, told by one side and awaited by the other.</summary>
/// <param name="what">What has happened when it is set, as in "the handler has started".</param>
public sealed class Signal(string what)
{
    private readonly TaskCompletionSource _set = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsSet => _set.Task.IsCompleted;

    /// <summary>Says that it has happened; again is the same.</summary>
    public void Set() => _set.TrySetResult();

    /// <summary>Waits until it has happened.</summary>
    /// <param name="timeout">Default: 30 s; past it the wait fails and names what was awaited.</param>
    public async Task WaitAsync(TimeSpan? timeout = null)
    {
        var deadline = Deadline.In(timeout);
        try
        {
            await _set.Task.WaitAsync(deadline.Remaining, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            throw new ShouldAssertException($"{what}: not within {Show.Time(deadline.Total)}");
        }
    }
}
