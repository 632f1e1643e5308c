using ReliableMq.Faults.Checking;

namespace ReliableMq.Faults.Running;

/// <summary>Whether processes rest when nothing is left to do. A loop without a pause shows in no table and in no queue.</summary>
internal sealed class Idleness(IReadOnlyList<ProcessSlot> slots)
{
    /// <summary>Of one processor. One that goes round without a pause gets more than this on a busy machine, too; one that polls uses a hundredth.</summary>
    private const double Most = 0.3;

    private IReadOnlyList<(int Id, TimeSpan Used)?> _before = [];
    private long _since;

    public void Begin()
    {
        _before = [.. slots.Select(slot => slot.Work)];
        _since = TimeProvider.System.GetTimestamp();
    }

    /// <summary>How busy each of them was that is still the same process, and which must not be.</summary>
    public (IReadOnlyList<double> Shares, List<Finding> Findings) End()
    {
        var took = TimeProvider.System.GetElapsedTime(_since);
        var shares = new List<double>();
        var findings = new List<Finding>();
        foreach (var (slot, before) in slots.Zip(_before))
        {
            if (before is var (id, earlier) && slot.Work is var (same, later) && same == id)
            {
                var share = (later - earlier) / took;
                shares.Add(share);
                if (share > Most)
                {
                    findings.Add(new Finding(Rule.Busy, $"{slot.Name} used {share:P0} of a processor for {took.TotalSeconds:0} s, though nothing was left to do"));
                }
            }
        }

        return (shares, findings);
    }
}
