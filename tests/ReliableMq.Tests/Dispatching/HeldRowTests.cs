using ReliableMq.Dispatching;

namespace ReliableMq.Tests.Dispatching;

public sealed class HeldRowTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(1_000L)]
    [InlineData(10_000_000L)]
    [InlineData(1_000_000_000L)]
    public void A_row_is_usable_until_half_its_lease_has_passed_by_a_clock_of_any_frequency(long frequency)
    {
        var clock = new Clock(frequency) { Seconds = 1_000 };
        var held = HeldRow.From(Some.Row(remaining: Lease), clock.GetTimestamp(), Lease, clock);

        held.IsUsable(clock).ShouldBeTrue();
        clock.Seconds = 1_014.9;
        held.IsUsable(clock).ShouldBeTrue();
        clock.Seconds = 1_015;
        held.IsUsable(clock).ShouldBeFalse();
        clock.Seconds = 10_000;
        held.IsUsable(clock).ShouldBeFalse();
    }

    [Fact]
    public void Time_counts_from_when_the_database_was_asked()
    {
        var clock = new Clock(1_000) { Seconds = 100 };
        var askedAt = clock.GetTimestamp();
        clock.Seconds = 115;

        HeldRow.From(Some.Row(remaining: Lease), askedAt, Lease, clock).IsUsable(clock).ShouldBeFalse();
    }

    [Theory]
    [InlineData(15)]
    [InlineData(14)]
    [InlineData(0)]
    [InlineData(-5)]
    public void A_row_with_half_of_its_lease_or_less_is_not_usable(int remaining)
    {
        var clock = new Clock(1_000) { Seconds = 100 };

        HeldRow.From(Some.Row(TimeSpan.FromSeconds(remaining)), clock.GetTimestamp(), Lease, clock).IsUsable(clock).ShouldBeFalse();
    }

    private sealed class Clock(long frequency) : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => frequency;

        public override long GetTimestamp() => (long)Math.Round(Seconds * frequency);
    }
}
