namespace ReliableMq.Broker.Topology;

/// <summary>One thing on the broker that is not as needed.</summary>
internal sealed record TopologyDifference(string What, string Expected, string Found, string Remedy)
{
    public override string ToString() => $"{What}: expected {Expected}, found {Found}. {Remedy}";
}

/// <summary>What one check has found.</summary>
/// <param name="Differences">In the order in which they matter to a message on its way.</param>
/// <param name="NotChecked">What could not be looked at, and why. It is no fault of the broker's.</param>
internal sealed record TopologyReport(IReadOnlyList<TopologyDifference> Differences, IReadOnlyList<string> NotChecked)
{
    public string Text => string.Join('\n', Differences);

    public string Notes => string.Concat(NotChecked.Select(note => " " + note));

    public bool SaysTheSameAs(TopologyReport? other) =>
        other is not null && Differences.SequenceEqual(other.Differences) && NotChecked.SequenceEqual(other.NotChecked);
}

/// <summary>The last report, and the place where others are told of a new one.</summary>
internal sealed class TopologyState
{
    /// <summary>Null before the first check.</summary>
    public TopologyReport? Current { get; private set; }

    /// <summary>Told once for each change of what a check finds, also when all is well again.</summary>
    public event Action<TopologyReport>? Changed;

    /// <returns>Whether it says something new.</returns>
    public bool Set(TopologyReport report)
    {
        if (report.SaysTheSameAs(Current))
        {
            return false;
        }

        Current = report;
        Changed?.Invoke(report);
        return true;
    }
}
