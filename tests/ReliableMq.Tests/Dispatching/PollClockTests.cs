using ReliableMq.Dispatching;
using ReliableMq.TestSupport;

namespace ReliableMq.Tests.Dispatching;

public sealed class PollClockTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly PollClock _clock;

    public PollClockTests() => _clock = new PollClock(_time);

    [Fact]
    public void The_first_poll_is_due_at_once()
    {
        _clock.IsDue.ShouldBeTrue();
        _clock.Wait.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void The_next_poll_is_due_after_the_interval()
    {
        _clock.Restart(Seconds(5));

        _clock.IsDue.ShouldBeFalse();
        _clock.Wait.ShouldBe(Seconds(5));
        _time.Advance(Seconds(4.9));
        _clock.IsDue.ShouldBeFalse();
        _time.Advance(Seconds(0.1));
        _clock.IsDue.ShouldBeTrue();
        _time.Advance(Seconds(1));
        _clock.Wait.ShouldBe(Seconds(-1));
    }

    [Theory]
    [InlineData(0, true, 0)]
    [InlineData(2, true, 2)]
    [InlineData(5, false, 5)]
    [InlineData(6, false, 5)]
    public void A_wish_counts_only_where_it_is_earlier(double wish, bool isEarlier, double wait)
    {
        _clock.Restart(Seconds(5));

        _clock.PollWithin(Seconds(wish)).ShouldBe(isEarlier);
        _clock.Wait.ShouldBe(Seconds(wait));
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
