using ReliableMq.Inbox;
using ReliableMq.TestSupport;

namespace ReliableMq.Tests.Inbox;

public sealed class DatabaseSightTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();
    private readonly DatabaseSight _sight;

    public DatabaseSightTests() => _sight = new DatabaseSight(2 * Second, _time);

    [Fact]
    public void It_lasts_from_the_first_look_as_long_as_looks_follow()
    {
        _sight.Seen().ShouldBe(TimeSpan.Zero);
        SeenAfter(2 * Second).ShouldBe(2 * Second);
        SeenAfter(Second).ShouldBe(3 * Second);
    }

    [Fact]
    public void A_look_without_an_answer_ends_it()
    {
        _sight.Seen();
        _time.Advance(Second);
        _sight.Lost();
        SeenAfter(Second).ShouldBe(TimeSpan.Zero);
        SeenAfter(Second).ShouldBe(Second);
    }

    [Fact]
    public void A_time_without_a_look_ends_it()
    {
        _sight.Seen();
        SeenAfter((2 * Second) + TimeSpan.FromTicks(1)).ShouldBe(TimeSpan.Zero);
    }

    private TimeSpan SeenAfter(TimeSpan time)
    {
        _time.Advance(time);
        return _sight.Seen();
    }
}
