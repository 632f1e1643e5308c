using System.Globalization;
using System.Text;

namespace ReliableMq.Faults.Soaking;

/// <summary>The table and the plots of a soak, for a reader who wants to see what the verdict says.</summary>
internal static class SoakReport
{
    public static async Task WriteAsync(string folder, SoakVerdict verdict, string versions, ILookup<(string Kind, string Of), (double Time, double Value)> series)
    {
        var report = new StringBuilder();
        report.AppendLine(CultureInfo.InvariantCulture, $"# {verdict.Line}").AppendLine();
        report.AppendLine(CultureInfo.InvariantCulture, $"{versions}. Every {Samples.Interval.TotalSeconds:0} s each figure was looked at, processes after a full collection. The rise is that of the trend in the second half; it is flat up to the allowed one.").AppendLine();
        foreach (var kind in verdict.Judgements.GroupBy(judgement => judgement.Kind))
        {
            report.AppendLine(CultureInfo.InvariantCulture, $"## {kind.Key.Name}").AppendLine();
            report.AppendLine("| of | first third | last third | most | rise | allowed | |").AppendLine("|---|---:|---:|---:|---:|---:|---|");
            foreach (var judgement in kind)
            {
                var unit = kind.Key.Unit;
                report.AppendLine(CultureInfo.InvariantCulture,
                    $"| {judgement.Of} | {unit.Say(judgement.First)} | {unit.Say(judgement.Last)} | {unit.Say(judgement.Most)} | {unit.Say(judgement.Rise)} | {unit.Say(judgement.Allowed)} | {(judgement.IsFlat ? "flat" : "**grows**")} |");
            }

            var plot = $"{kind.Key.Name.Replace(' ', '-')}.svg";
            await File.WriteAllTextAsync(Path.Combine(folder, plot), Plot.Svg(kind.Key.Unit, verdict.Duration, [.. kind.Select(judgement => (judgement.Of, series[(kind.Key.Name, judgement.Of)].ToList()))]));
            report.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"![{kind.Key.Name}]({plot})").AppendLine();
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "report.md"), report.ToString());
    }
}
