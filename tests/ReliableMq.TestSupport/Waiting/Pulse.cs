namespace ReliableMq.TestSupport;

/// <summary>
/// Wakes those who wait for a condition over some state each time that state changes, so that nobody polls.
/// </summary>
internal sealed class Pulse
{
    private TaskCompletionSource _next = New();

    /// <summary>Call after every change of the state, outside its lock.</summary>
    public void Beat() => Interlocked.Exchange(ref _next, New()).TrySetResult();

    public async Task WaitUntilAsync(Func<bool> condition, Func<string> failure, TimeSpan? timeout = null)
    {
        var deadline = Deadline.In(timeout);
        while (true)
        {
            // Taken before the condition is read: a change in between completes it.
            var next = Volatile.Read(ref _next).Task;
            if (condition())
            {
                return;
            }

            try
            {
                await next.WaitAsync(deadline.Remaining, TimeProvider.System);
            }
            catch (TimeoutException)
            {
                throw new ShouldAssertException($"{failure()} (waited {Show.Time(deadline.Total)})");
            }
        }
    }

    public async Task WaitUntilAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            var next = Volatile.Read(ref _next).Task;
            if (condition())
            {
                return;
            }

            await next.WaitAsync(cancellationToken);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
