namespace ReliableMq.TestSupport;

/// <summary>Looks at something again and again, at first quickly and then without wearing out a busy machine.</summary>
internal static class Polling
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Looks until <paramref name="stop"/> says so or the time is up, always at least once. A look that hangs
    /// counts as the end of the time.
    /// </summary>
    /// <returns>The last look, and whether it was one to stop at.</returns>
    public static async Task<(bool Stopped, Look<T> Last)> LookAsync<T>(
        Func<Task<T>> look, Func<Look<T>, bool> stop, Deadline deadline)
    {
        var interval = Shortest;
        Look<T>? last = null;
        while (true)
        {
            try
            {
                last = new Look<T>(await look().WaitAsync(Patience(deadline), TimeProvider.System), null);
            }
            catch (TimeoutException) when (deadline.IsOver && last is not null)
            {
                // What an earlier look saw tells more than that the last one was cut short.
                return (false, last);
            }
            catch (Exception error)
            {
                last = new Look<T>(default, error);
            }

            if (stop(last))
            {
                return (true, last);
            }

            if (deadline.IsOver)
            {
                return (false, last);
            }

            var pause = interval < deadline.Remaining ? interval : deadline.Remaining;
            await Task.Delay(pause, TimeProvider.System);
            interval = interval * 1.5 < Longest ? interval * 1.5 : Longest;
        }
    }

    // The final look, at the deadline itself, must still have a chance to answer.
    private static TimeSpan Patience(Deadline deadline) =>
        deadline.Remaining > Longest * 10 ? deadline.Remaining : Longest * 10;
}

/// <summary>What one look saw: a value, or the exception thrown instead of it.</summary>
internal sealed record Look<T>(T? Value, Exception? Error)
{
    public override string ToString() => Error is null ? Show.Value(Value) : Show.Error(Error);
}
