using System.Globalization;

namespace ReliableMq.Benchmarks.EndToEnd;

/// <summary>Medians over the rounds, and the library's part of the baseline's in the same run.</summary>
internal static class Report
{
    private static readonly (string Title, Func<Measurement, double> Read, string Format)[] Figures =
    [
        ("messages/s", m => m.PerSecond, "0"),
        ("p50 ms", m => m.P50, "0.00"),
        ("p99 ms", m => m.P99, "0.0"),
        ("CPU ms", m => m.CpuMs, "0.00"),
        ("allocated KB", m => m.AllocatedBytes / 1024, "0.0"),
        ("commands", m => m.Commands, "0.00"),
        ("WAL bytes", m => m.WalBytes, "0"),
    ];

    public static IEnumerable<string> Lines(IReadOnlyList<Measurement> rounds)
    {
        yield return $"| scenario | {string.Join(" | ", Figures.Select(figure => figure.Title))} |";
        yield return $"|---|{string.Concat(Figures.Select(_ => "---|"))}";
        foreach (var scenario in rounds.GroupBy(round => round.Scenario))
        {
            foreach (var pipeline in scenario.GroupBy(round => round.Pipeline))
            {
                yield return Line($"{scenario.Key} {pipeline.Key}", Figures.Select(figure => Median(pipeline, figure.Read).ToString(figure.Format, CultureInfo.InvariantCulture)));
            }

            yield return Line($"{scenario.Key} ratio", Figures.Select(figure => Ratio(scenario, figure.Read).ToString("0.00", CultureInfo.InvariantCulture)));
        }
    }

    public static double Ratio(IEnumerable<Measurement> scenario, Func<Measurement, double> read)
    {
        var byPipeline = scenario.ToLookup(round => round.Pipeline);
        return Median(byPipeline["library"], read) / Median(byPipeline["baseline"], read);
    }

    private static double Median(IEnumerable<Measurement> rounds, Func<Measurement, double> read)
    {
        var values = rounds.Select(read).Order().ToArray();
        return values.Length == 0 ? double.NaN : (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
    }

    private static string Line(string title, IEnumerable<string> values) => $"| {title} | {string.Join(" | ", values)} |";
}
