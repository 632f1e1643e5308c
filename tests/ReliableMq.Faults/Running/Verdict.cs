using System.Globalization;
using ReliableMq.Faults.Checking;

namespace ReliableMq.Faults.Running;

/// <summary>How a run ended. Its first word is PASSED or FAILED.</summary>
internal sealed record Verdict(int Seed, int Faults, TimeSpan Rest, int Deaths, Outcome Outcome)
{
    private const int Shown = 20;

    /// <summary>How often everything that waited for its next attempt had to be sent at once.</summary>
    public int OperatorNeeded { get; init; }

    public bool Passed => Outcome.Findings.Count == 0;

    public string Line => string.Create(CultureInfo.InvariantCulture,
        $"{(Passed ? "PASSED" : "FAILED")} seed {Seed}: {Outcome.Committed} messages committed, {Outcome.Effects} effects, {Outcome.Dead} discarded, {Faults} faults, {Outcome.Findings.Count} findings, quiet after {Rest.TotalSeconds:0} s");

    public override string ToString() => string.Join(Environment.NewLine,
    [
        Line,
        $"  rolled back {Outcome.RolledBack}, outcome unknown {Outcome.Unknown} (of these stored {Outcome.UnknownAndStored}), cancelled {Outcome.Cancelled} (perhaps {Outcome.CancelledPerhaps}), "
            + $"dead letters replayed {Outcome.Replayed}, taken by faults {Outcome.TakenByFaults}, processes that died by themselves {Deaths}, operator needed {OperatorNeeded} times",
        .. Outcome.Findings.GroupBy(finding => finding.Rule).Select(rule => $"  {rule.Key}: {rule.Count()}"),
        .. Outcome.Findings.Take(Shown).Select(finding => $"    {finding}"),
        .. Outcome.Findings.Count > Shown ? [$"    and {Outcome.Findings.Count - Shown} more"] : (string[])[],
    ]);
}
