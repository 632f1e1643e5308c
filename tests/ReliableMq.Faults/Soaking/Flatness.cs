namespace ReliableMq.Faults.Soaking;

/// <summary>What was seen of one figure, and whether it has stopped growing.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Of">Whose.</param>
/// <param name="First">Median of the first third.</param>
/// <param name="Last">Median of the last third.</param>
/// <param name="Most">The highest value seen.</param>
/// <param name="Rise">By how much it rises from the begin to the end of the second half, by its trend.</param>
/// <param name="Allowed">The rise that says nothing.</param>
internal sealed record Judgement(FigureKind Kind, string Of, double First, double Last, double Most, double Rise, double Allowed)
{
    /// <summary>A figure that was not looked at throughout has no trend, and is not flat.</summary>
    public bool IsFlat => Rise <= Allowed;

    public override string ToString() => double.IsNaN(Rise)
        ? $"{Kind.Name} of {Of} was not seen throughout the second half"
        : $"{Kind.Name} of {Of} rises by {Kind.Unit.Say(Rise)} in the second half, to {Kind.Unit.Say(Last)}; {Kind.Unit.Say(Allowed)} would be flat";
}

/// <summary>
/// Decides whether a figure grows. Only the second half of a run counts: before, caches fill and what is kept for a
/// while gathers. It is cut into windows; the trend is the median of the slopes between any two windows' medians (after Theil
/// and Sen), so that neither a peak nor one odd window decides. It is held against what the kind of figure allows, and
/// against how much the values scatter within their windows.
/// </summary>
internal static class Flatness
{
    public const int Windows = 6;

    /// <summary>So many times the scatter may be mere chance.</summary>
    public const double Scatters = 2;

    // Of values that scatter evenly around a middle, the median distance to it is this share of the standard deviation.
    private const double MedianDistanceShare = 0.6745;

    /// <param name="kind">What is allowed.</param>
    /// <param name="of">Whose figure.</param>
    /// <param name="values">Each with its time, as a share of the run from 0 to 1.</param>
    public static Judgement Judge(FigureKind kind, string of, IReadOnlyList<(double Time, double Value)> values)
    {
        var windows = Enumerable.Range(0, Windows).Select(window => values
            .Where(sample => sample.Time >= 0.5 && (int)Math.Min((sample.Time - 0.5) * 2 * Windows, Windows - 1) == window)
            .Select(sample => sample.Value).ToList()).ToList();
        var (rise, allowed) = windows.TrueForAll(window => window.Count > 0) ? Trend(kind, windows) : (double.NaN, 0);
        return new Judgement(
            kind, of, Median(values.Where(sample => sample.Time < 1.0 / 3)), Median(values.Where(sample => sample.Time >= 2.0 / 3)),
            values.Select(sample => sample.Value).DefaultIfEmpty(double.NaN).Max(), rise, allowed);
    }

    private static (double Rise, double Allowed) Trend(FigureKind kind, List<List<double>> windows)
    {
        var medians = windows.ConvertAll(Median);
        var slopes = from first in Enumerable.Range(0, Windows)
                     from second in Enumerable.Range(first + 1, Windows - first - 1)
                     select (medians[second] - medians[first]) / (second - first);
        var distances = windows.SelectMany((window, number) => window.Select(value => Math.Abs(value - medians[number])));
        var scatter = Median(distances) / MedianDistanceShare;
        // From the begin of the first window to the end of the last there are as many steps as windows.
        return (Median(slopes) * Windows, Math.Max(Math.Max(kind.Floor, kind.Share * Median(medians)), Scatters * scatter));
    }

    private static double Median(IEnumerable<(double Time, double Value)> values) => Median(values.Select(sample => sample.Value));

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? double.NaN : (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
