namespace ReliableMq.Tests;

public sealed class DurationTests
{
    [Theory]
    [InlineData("1ms", 1)]
    [InlineData("500ms", 500)]
    [InlineData("1s", 1_000)]
    [InlineData("1.5s", 1_500)]
    [InlineData("0.1s", 100)]
    [InlineData("0.001s", 1)]
    [InlineData("00010s", 10_000)]
    [InlineData("1m", 60_000)]
    [InlineData("0.5m", 30_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("8760h", 365d * 24 * 3_600_000)]
    [InlineData(" 10s ", 10_000)]
    public void Reads_a_number_and_its_unit(string text, double milliseconds)
    {
        Duration.TryParse(text, out var duration).ShouldBeTrue();

        duration.ShouldBe(TimeSpan.FromMilliseconds(milliseconds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("s")]
    [InlineData("10")]
    [InlineData("1 s")]
    [InlineData("1S")]
    [InlineData("1d")]
    [InlineData("1sec")]
    [InlineData("1s1s")]
    [InlineData("-1s")]
    [InlineData("+1s")]
    [InlineData("1,5s")]
    [InlineData("1.5.1s")]
    [InlineData(".5s")]
    [InlineData("5.s")]
    [InlineData(".s")]
    [InlineData("1e3s")]
    [InlineData("٣s")]
    [InlineData("0s")]
    [InlineData("0.5ms")]
    [InlineData("8761h")]
    [InlineData("99999999999999999999999999999999999999999999999999h")]
    [InlineData("00:00:30")]
    [InlineData("1s, 2s")]
    public void Refuses_everything_else(string text)
    {
        Duration.TryParse(text, out var duration).ShouldBeFalse();

        duration.ShouldBe(default);
    }

    [Fact]
    public void Refuses_a_number_too_large_for_any_clock() =>
        Duration.TryParse(new string('9', 1_000) + "s", out _).ShouldBeFalse();

    [Fact]
    public void Reads_the_same_in_every_culture()
    {
        using var _ = new HostileCulture();

        Duration.TryParse("1.5s", out var duration).ShouldBeTrue();
        duration.ShouldBe(TimeSpan.FromSeconds(1.5));
        Duration.TryParse("1,5s", out var _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("1s", new[] { 1_000 })]
    [InlineData("1s, 10s,1m", new[] { 1_000, 10_000, 60_000 })]
    [InlineData("1s ,\n 1s", new[] { 1_000, 1_000 })]
    [InlineData("", new int[0])]
    [InlineData("  ", new int[0])]
    public void Reads_a_list_separated_by_commas(string text, int[] milliseconds)
    {
        Duration.TryParseList(text, out var durations).ShouldBeTrue();

        durations.ShouldBe(milliseconds.Select(ms => TimeSpan.FromMilliseconds(ms)));
    }

    [Theory]
    [InlineData(",")]
    [InlineData("1s,")]
    [InlineData(",1s")]
    [InlineData("1s,,2s")]
    [InlineData("1s;2s")]
    [InlineData("1s 2s")]
    [InlineData("1s, never")]
    public void Refuses_a_list_with_one_wrong_entry(string text)
    {
        Duration.TryParseList(text, out var durations).ShouldBeFalse();

        durations.ShouldBeEmpty();
    }
}
