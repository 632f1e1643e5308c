using System.Globalization;
using System.Net;
using System.Text;

namespace ReliableMq.Faults.Soaking;

/// <summary>One small picture for each figure of a kind, side by side, each from zero to its own highest value; the half that is judged is shaded.</summary>
internal static class Plot
{
    private const int Columns = 3;
    private const int Width = 340;
    private const int Height = 150;
    private const int Left = 70;
    private const int Top = 26;
    private const int PlotWidth = Width - Left - 12;
    private const int PlotHeight = Height - Top - 26;

    public static string Svg(Unit unit, TimeSpan duration, IReadOnlyList<(string Of, List<(double Time, double Value)> Values)> figures)
    {
        var svg = new StringBuilder();
        var rows = (figures.Count + Columns - 1) / Columns;
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" width="{Columns * Width}" height="{rows * Height}" font-family="sans-serif" font-size="11">""");
        svg.AppendLine("""<rect width="100%" height="100%" fill="white"/>""");
        for (var i = 0; i < figures.Count; i++)
        {
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<g transform="translate({i % Columns * Width} {i / Columns * Height})">""");
            Draw(svg, unit, duration, figures[i].Of, figures[i].Values);
            svg.AppendLine("</g>");
        }

        return svg.AppendLine("</svg>").ToString();
    }

    private static void Draw(StringBuilder svg, Unit unit, TimeSpan duration, string of, List<(double Time, double Value)> values)
    {
        var most = Math.Max(values.Select(sample => sample.Value).DefaultIfEmpty(0).Max(), double.Epsilon);
        var points = values.Where(sample => sample.Time is >= 0 and <= 1).OrderBy(sample => sample.Time).Select(sample =>
            string.Create(CultureInfo.InvariantCulture, $"{Left + (sample.Time * PlotWidth):0.#},{Top + PlotHeight - (sample.Value / most * PlotHeight):0.#}"));
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<rect x="{Left + (PlotWidth / 2)}" y="{Top}" width="{PlotWidth / 2}" height="{PlotHeight}" fill="#eef3fa"/>""");
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<path d="M{Left} {Top}V{Top + PlotHeight}H{Left + PlotWidth}" fill="none" stroke="#888"/>""");
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{Left}" y="{Top - 9}" font-weight="bold">{WebUtility.HtmlEncode(of)}</text>""");
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{Left - 5}" y="{Top + 8}" text-anchor="end">{unit.Say(most)}</text><text x="{Left - 5}" y="{Top + PlotHeight}" text-anchor="end">0</text>""");
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{Left + PlotWidth}" y="{Top + PlotHeight + 14}" text-anchor="end">{duration.TotalMinutes:0.#} min</text>""");
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<polyline points="{string.Join(' ', points)}" fill="none" stroke="#1f5fae"/>""");
    }
}
