using ReliableMq.Faults.Soaking;
using Shouldly;
using Xunit;

namespace ReliableMq.Faults.Tests;

public sealed class FlatnessTests
{
    private const int Looks = 360;

    /// <summary>Rises of up to ten pieces, or of a twentieth, say nothing.</summary>
    private static readonly FigureKind Kind = new("things", Unit.Pieces, 10, 0.05);

    [Fact]
    public void What_does_not_change_is_flat() => Judge(_ => 100).ShouldSatisfyAllConditions(
        judgement => judgement.IsFlat.ShouldBeTrue(), judgement => judgement.Rise.ShouldBe(0), judgement => judgement.Allowed.ShouldBe(10));

    [Fact]
    public void What_rises_steadily_grows_and_the_rise_is_that_of_the_second_half()
    {
        var judgement = Judge(time => 100 + (40 * time));
        judgement.IsFlat.ShouldBeFalse();
        judgement.Rise.ShouldBe(20, tolerance: 0.5);
        judgement.First.ShouldBe(100 + (40 / 6.0), tolerance: 0.5);
        judgement.Last.ShouldBe(100 + (40 * 5 / 6.0), tolerance: 0.5);
        judgement.ToString().ShouldStartWith("things of it rises by 20 in the second half, to 133; 10 would be flat");
    }

    [Fact]
    public void A_small_rise_is_flat() => Judge(time => 100 + (18 * time)).IsFlat.ShouldBeTrue();

    [Fact]
    public void A_rise_of_a_small_share_is_flat_at_a_high_level() => Judge(time => 10_000 + (600 * time)).IsFlat.ShouldBeTrue();

    [Fact]
    public void What_falls_is_flat() => Judge(time => 1000 - (900 * time)).IsFlat.ShouldBeTrue();

    [Fact]
    public void What_gathers_only_in_the_first_half_is_flat() => Judge(time => Math.Min(time, 0.4) * 10_000).IsFlat.ShouldBeTrue();

    [Fact]
    public void What_still_gathers_towards_a_limit_grows() => Judge(time => 1000 * (1 - Math.Exp(-2 * time))).IsFlat.ShouldBeFalse();

    [Fact]
    public void A_peak_in_one_window_is_no_trend() => Judge(time => time is > 0.9 and < 0.93 ? 100_000 : 100).IsFlat.ShouldBeTrue();

    [Fact]
    public void A_last_window_that_is_odd_is_no_trend() => Judge(time => time > 0.92 ? 200 : 100).IsFlat.ShouldBeTrue();

    [Fact]
    public void A_step_that_stays_grows() => Judge(time => time > 0.75 ? 200 : 100).IsFlat.ShouldBeFalse();

    [Fact]
    public void A_sawtooth_is_flat_and_one_on_a_slope_is_not()
    {
        static double Tooth(double time) => 200 * (time * 24 % 1);
        Judge(time => 1000 + Tooth(time)).IsFlat.ShouldBeTrue();
        Judge(time => 1000 + Tooth(time) + (800 * time)).IsFlat.ShouldBeFalse();
    }

    [Fact]
    public void Chance_is_flat_and_a_rise_beyond_it_is_seen_through_it()
    {
        var random = new Random(7);
        double Noise() => 1000 + (40 * (random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5));
        for (var run = 0; run < 200; run++)
        {
            Judge(_ => Noise()).IsFlat.ShouldBeTrue();
            Judge(time => Noise() + (250 * time)).IsFlat.ShouldBeFalse();
        }
    }

    [Fact]
    public void What_was_not_looked_at_throughout_the_second_half_is_not_flat()
    {
        var judgement = Flatness.Judge(Kind, "it", [.. Values(_ => 100).Where(sample => sample.Time is < 0.6 or > 0.8)]);
        judgement.IsFlat.ShouldBeFalse();
        judgement.ToString().ShouldBe("things of it was not seen throughout the second half");
        Flatness.Judge(Kind, "it", []).IsFlat.ShouldBeFalse();
    }

    private static Judgement Judge(Func<double, double> value) => Flatness.Judge(Kind, "it", [.. Values(value)]);

    private static IEnumerable<(double Time, double Value)> Values(Func<double, double> value) =>
        Enumerable.Range(0, Looks).Select(look => (double)look / Looks).Select(time => (time, value(time)));
}
