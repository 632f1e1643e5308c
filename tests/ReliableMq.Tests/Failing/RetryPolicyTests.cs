using ReliableMq.Failing;

namespace ReliableMq.Tests.Failing;

public sealed class RetryPolicyTests
{
    [Theory]
    [InlineData("1s..10m x12", "1s 2s 4s 8s 16s 32s 64s 128s 256s 512s 10m 10m", 0.2)]
    [InlineData("1s..8s x5", "1s 2s 4s 8s 8s", 0.2)]
    [InlineData("1.5s .. 2s x 3", "1500ms 2s 2s", 0.2)]
    [InlineData("1m..1m x1", "1m", 0.2)]
    [InlineData("1s, 1m", "1s 1m", 0)]
    [InlineData("", "", 0)]
    public void A_text_becomes_delays(string text, string delays, double jitter)
    {
        RetryPolicy.TryParse(text, out var policy).ShouldBeTrue();

        string.Join(' ', policy.Delays.Select(Duration.Text)).ShouldBe(delays);
        policy.Jitter.ShouldBe(jitter);
    }

    [Fact]
    public void Doubling_a_hundred_times_ends_at_the_longest()
    {
        RetryPolicy.TryParse("1ms..8760h x100", out var policy).ShouldBeTrue();

        policy.Delays.Count.ShouldBe(100);
        policy.Delays[^1].ShouldBe(TimeSpan.FromDays(365));
    }

    [Theory]
    [InlineData("1s..10m")]
    [InlineData("1s..10m x0")]
    [InlineData("1s..10m x101")]
    [InlineData("10m..1s x3")]
    [InlineData("1s..2s..3s x3")]
    [InlineData("1s, 2s..3s x3")]
    [InlineData("..x")]
    public void Another_text_is_refused(string text)
    {
        RetryPolicy.TryParse(text, out var policy).ShouldBeFalse();

        policy.Delays.ShouldBeEmpty();
    }

    [Fact]
    public void Reads_the_same_in_every_culture()
    {
        using var _ = new HostileCulture();

        RetryPolicy.TryParse("1.5s..10m x12", out var policy).ShouldBeTrue();
        policy.Delays.Count.ShouldBe(12);
    }
}
