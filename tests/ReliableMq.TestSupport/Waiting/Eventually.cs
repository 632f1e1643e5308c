using System.Collections;

namespace ReliableMq.TestSupport;

/// <summary>
/// Waits for what has no signal of its own, by looking again and again until a deadline (30 s by default).
/// The failure says what was awaited and what was seen last.
/// </summary>
public static class Eventually
{
    /// <summary>Waits until <paramref name="condition"/> is true; an exception in it counts as not yet.</summary>
    /// <param name="condition">Looked at every 10 to 100 ms.</param>
    /// <param name="what">What is awaited, as in "the row is sent".</param>
    /// <param name="timeout">Default: 30 s.</param>
    public static async Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? timeout = null)
    {
        var deadline = Deadline.In(timeout);
        var (stopped, last) = await Polling.LookAsync(condition, look => look.Value, deadline);
        if (!stopped)
        {
            throw new ShouldAssertException(
                $"{what}: not within {Show.Time(deadline.Total)}{Because(last)}", last.Error);
        }
    }

    /// <inheritdoc cref="TrueAsync(Func{Task{bool}}, string, TimeSpan?)"/>
    public static Task TrueAsync(Func<bool> condition, string what, TimeSpan? timeout = null) =>
        TrueAsync(() => Task.FromResult(condition()), what, timeout);

    /// <summary>
    /// Waits until <paramref name="actual"/> gives <paramref name="expected"/>; sequences are compared item
    /// by item.
    /// </summary>
    /// <param name="expected">What it should become.</param>
    /// <param name="actual">Looked at every 10 to 100 ms.</param>
    /// <param name="what">What is compared, as in "rows left in the outbox".</param>
    /// <param name="timeout">Default: 30 s.</param>
    public static async Task EqualAsync<T>(T expected, Func<Task<T>> actual, string what, TimeSpan? timeout = null)
    {
        var deadline = Deadline.In(timeout);
        var (stopped, last) = await Polling.LookAsync(
            actual, look => look.Error is null && AreEqual(expected, look.Value), deadline);
        if (!stopped)
        {
            throw new ShouldAssertException(
                $"{what}: expected {Show.Value(expected)}, last seen {last} after {Show.Time(deadline.Total)}",
                last.Error);
        }
    }

    /// <inheritdoc cref="EqualAsync{T}(T, Func{Task{T}}, string, TimeSpan?)"/>
    public static Task EqualAsync<T>(T expected, Func<T> actual, string what, TimeSpan? timeout = null) =>
        EqualAsync(expected, () => Task.FromResult(actual()), what, timeout);

    /// <summary>Waits until <paramref name="find"/> gives something other than null, and returns it.</summary>
    public static async Task<T> FoundAsync<T>(Func<Task<T?>> find, string what, TimeSpan? timeout = null)
        where T : class
    {
        var deadline = Deadline.In(timeout);
        var (_, last) = await Polling.LookAsync(find, look => look.Value is not null, deadline);
        return last.Value ?? throw new ShouldAssertException(
            $"{what}: not found within {Show.Time(deadline.Total)}{Because(last)}", last.Error);
    }

    internal static bool AreEqual<T>(T expected, T? actual) =>
        expected is IEnumerable items and not string && actual is IEnumerable others
            ? items.Cast<object?>().SequenceEqual(others.Cast<object?>())
            : EqualityComparer<T>.Default.Equals(expected, actual);

    private static string Because<T>(Look<T> last) => last.Error is null ? "" : $"; last seen {last}";
}
