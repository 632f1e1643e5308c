using System.Globalization;
using ReliableMq.Faults.Running;

namespace ReliableMq.Faults.Soaking;

/// <summary>How a soak ended: what any run has to keep is kept, nothing grows, and no process has ended by itself.</summary>
internal sealed record SoakVerdict(TimeSpan Duration, Verdict Run, IReadOnlyList<Judgement> Judgements)
{
    public IReadOnlyList<Judgement> Growing => [.. Judgements.Where(judgement => !judgement.IsFlat)];

    public bool Passed => Run.Passed && Run.Deaths == 0 && Judgements.Count > 0 && Growing.Count == 0;

    public string Line => string.Create(CultureInfo.InvariantCulture,
        $"{(Passed ? "PASSED" : "FAILED")} soak of {Duration.TotalMinutes:0.#} min: {Run.Outcome.Committed} messages committed, {Run.Outcome.Effects} effects, {Run.Faults} faults, {Run.Outcome.Findings.Count} findings, {Run.Deaths} processes died, {Judgements.Count} figures, {Growing.Count} of them growing");

    public override string ToString() => string.Join(Environment.NewLine, [.. Growing.Select(judgement => $"  {judgement}"), .. Run.Outcome.Findings.Take(20).Select(finding => $"  {finding}"), Line]);
}
