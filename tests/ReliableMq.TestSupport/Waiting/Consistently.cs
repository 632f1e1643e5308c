namespace ReliableMq.TestSupport;

/// <summary>
/// For what must not happen and has no signal to wait on: looks again and again for a while, and fails the
/// moment it does happen. Keep the window short; it is always waited in full.
/// </summary>
public static class Consistently
{
    /// <summary>Fails as soon as <paramref name="condition"/> is false or throws within the window.</summary>
    /// <param name="window">How long it must hold.</param>
    /// <param name="condition">Looked at every 10 to 100 ms.</param>
    /// <param name="what">What must hold, as in "nothing is published".</param>
    public static async Task ForAsync(TimeSpan window, Func<Task<bool>> condition, string what)
    {
        var deadline = Deadline.Of(window);
        var (broken, last) = await Polling.LookAsync(condition, look => !look.Value, deadline);
        if (broken)
        {
            throw new ShouldAssertException(
                $"{what}: no longer so after {Show.Time(deadline.Elapsed)} of {Show.Time(window)}; last seen {last}",
                last.Error);
        }
    }

    /// <inheritdoc cref="ForAsync(TimeSpan, Func{Task{bool}}, string)"/>
    public static Task ForAsync(TimeSpan window, Func<bool> condition, string what) =>
        ForAsync(window, () => Task.FromResult(condition()), what);

    /// <summary>Fails as soon as <paramref name="actual"/> gives anything but <paramref name="expected"/>.</summary>
    public static async Task EqualAsync<T>(TimeSpan window, T expected, Func<Task<T>> actual, string what)
    {
        var deadline = Deadline.Of(window);
        var (broken, last) = await Polling.LookAsync(
            actual, look => look.Error is not null || !Eventually.AreEqual(expected, look.Value), deadline);
        if (broken)
        {
            throw new ShouldAssertException(
                $"{what}: expected to stay {Show.Value(expected)}, was {last} after {Show.Time(deadline.Elapsed)}",
                last.Error);
        }
    }

    /// <inheritdoc cref="EqualAsync{T}(TimeSpan, T, Func{Task{T}}, string)"/>
    public static Task EqualAsync<T>(TimeSpan window, T expected, Func<T> actual, string what) =>
        EqualAsync(window, expected, () => Task.FromResult(actual()), what);
}
