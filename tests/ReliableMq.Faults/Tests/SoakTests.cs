using System.Xml.Linq;
using ReliableMq.Faults.Checking;
using ReliableMq.Faults.Running;
using ReliableMq.Faults.Soaking;
using Shouldly;
using Xunit;

namespace ReliableMq.Faults.Tests;

public sealed class SoakTests
{
    private static readonly Judgement Flat = new(FigureKind.Rows, "inbox", First: 90, Last: 100, Most: 120, Rise: 0, Allowed: 50);
    private static readonly Judgement Growing = Flat with { Rise = 51 };

    [Fact]
    public void It_passes_when_nothing_is_found_and_nothing_grows() => Verdict([Flat]).Line.ShouldBe(
        "PASSED soak of 60 min: 10 messages committed, 12 effects, 3 faults, 0 findings, 0 processes died, 1 figures, 0 of them growing");

    [Fact]
    public void It_fails_when_one_figure_grows_and_says_which()
    {
        Verdict([Flat, Growing]).Passed.ShouldBeFalse();
        Verdict([Flat, Growing]).ToString().Split(Environment.NewLine).ShouldBe(
        [
            "  rows of inbox rises by 51 in the second half, to 100; 50 would be flat",
            "FAILED soak of 60 min: 10 messages committed, 12 effects, 3 faults, 0 findings, 0 processes died, 2 figures, 1 of them growing",
        ]);
    }

    [Fact]
    public void It_fails_when_a_promise_is_broken_or_a_process_died_or_nothing_was_looked_at()
    {
        Verdict([Flat], findings: [new Finding(Rule.NotHandled, "x")]).Passed.ShouldBeFalse();
        Verdict([Flat], deaths: 1).Passed.ShouldBeFalse();
        Verdict([]).Passed.ShouldBeFalse();
    }

    [Fact]
    public void A_torn_last_line_of_figures_is_left_out()
    {
        var folder = Directory.CreateTempSubdirectory("figures-").FullName;
        try
        {
            var sample = new Sample(DateTimeOffset.UnixEpoch, "rows", "inbox", 7);
            var file = Path.Combine(folder, $"a{Samples.Extension}");
            Samples.Append(file, [sample]);
            File.AppendAllText(file, """{"At":"1970-01""");
            Samples.Read(folder).ShouldBe([sample]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_plot_is_a_picture_with_a_line_for_each_figure()
    {
        var svg = XDocument.Parse(Plot.Svg(Unit.Mebibytes, TimeSpan.FromMinutes(60), [("a < b", [(0, 0), (0.5, 1 << 20), (1, 2 << 20)]), ("nothing", [])]));
        XNamespace ns = "http://www.w3.org/2000/svg";
        svg.Descendants(ns + "polyline").Select(line => (string?)line.Attribute("points")).ShouldBe(["70,124 199,75 328,26", ""]);
        svg.Descendants(ns + "text").Select(text => text.Value).ShouldContain("a < b");
        svg.Descendants(ns + "text").Select(text => text.Value).ShouldContain("2.00 MiB");
    }

    private static SoakVerdict Verdict(IReadOnlyList<Judgement> judgements, IReadOnlyList<Finding>? findings = null, int deaths = 0) => new(
        TimeSpan.FromHours(1),
        new Verdict(1, Faults: 3, TimeSpan.Zero, deaths, new Outcome
        {
            Findings = findings ?? [], Untried = [], Committed = 10, Effects = 12, Dead = 0, Replayed = 0, RolledBack = 0, Unknown = 0, UnknownAndStored = 0, Cancelled = 0, TakenByFaults = 0,
        }),
        judgements);
}
