namespace ReliableMq.Broker;

/// <summary>Exponential delays with jitter, so that processes that failed together do not return together.</summary>
internal static class Backoff
{
    /// <summary>What held for this long was no failure in a row with the one before.</summary>
    public static readonly TimeSpan Stable = TimeSpan.FromSeconds(10);

    /// <param name="failures">How often it failed in a row, from 1.</param>
    /// <param name="first">The delay after the first failure, before jitter.</param>
    /// <param name="most">The largest delay, before jitter.</param>
    /// <param name="random">From 0 to 1.</param>
    /// <returns>Between half and all of the exponential delay.</returns>
    public static TimeSpan Delay(int failures, TimeSpan first, TimeSpan most, double random)
    {
        var exponent = Math.Min(Math.Max(failures, 1) - 1, 30);
        var full = Math.Min(first.TotalMilliseconds * Math.Pow(2, exponent), most.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(full * (0.5 + 0.5 * random));
    }
}
