using ReliableMq.Broker;

namespace ReliableMq.Alerting;

/// <summary>The decisions about telling, without a clock, a sink or a database.</summary>
internal static class AlertRules
{
    /// <summary>How long a process may take to tell. What dies meanwhile is told again by another after it.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    /// <summary>How long a sink may take: to half of the lease.</summary>
    public static readonly TimeSpan Patience = Lease / 2;

    /// <summary>An alert that was not raised for so long is over.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromDays(1);

    /// <summary>How long resolved alerts are kept.</summary>
    public static readonly TimeSpan KeepResolved = TimeSpan.FromDays(30);

    private static readonly TimeSpan[] Intervals =
        [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(1)];

    /// <summary>
    /// How long a sink has peace from an alert after its nth telling. What is raised meanwhile is told as one
    /// number; where nothing is, nothing is told.
    /// </summary>
    /// <param name="telling">From 1.</param>
    public static TimeSpan PeaceAfter(int telling) => Intervals[Math.Clamp(telling, 1, Intervals.Length) - 1];

    /// <summary>When a sink that failed is tried again.</summary>
    /// <param name="attempts">How often it failed in a row, from 1.</param>
    /// <param name="random">From 0 to 1.</param>
    public static TimeSpan DelayAfter(int attempts, double random) =>
        Backoff.Delay(attempts, TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(15), random);

    /// <summary>When to look again.</summary>
    public static TimeSpan NextPoll(AlertPoll poll, TimeSpan interval) =>
        poll.Claimed is not null || !poll.GatheredAll ? TimeSpan.Zero
        : poll.Next is { } next && next < interval ? (next < MinPoll ? MinPoll : next)
        : interval;

    private static readonly TimeSpan MinPoll = TimeSpan.FromMilliseconds(100);
}
