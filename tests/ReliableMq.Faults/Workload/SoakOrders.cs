namespace ReliableMq.Faults.Workload;

/// <summary>What a process of a soak is told besides: it keeps little, kills nobody and tells its own figures.</summary>
/// <param name="Leaks">What it is to lose more and more of, to show that it would be noticed.</param>
internal sealed record SoakOrders(IReadOnlyList<string> Leaks)
{
    /// <summary>Sent messages are kept no longer; the least that the library allows.</summary>
    public static readonly TimeSpan KeepSent = TimeSpan.FromMinutes(1);
}
