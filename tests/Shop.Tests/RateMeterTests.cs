using ReliableMq.TestSupport;
using Shop.Runner.Running;
using Xunit;

namespace Shop.Tests;

/// <summary>The rate that the view shows.</summary>
public sealed class RateMeterTests
{
    [Fact]
    public void Shows_events_per_second_of_the_last_five_seconds()
    {
        var clock = new ManualTimeProvider();
        var meter = new RateMeter(clock);

        meter.Next(100).ShouldBe(0);
        NextAfter(1, 300).ShouldBe(200);
        NextAfter(1, 300).ShouldBe(100);
        NextAfter(4, 300).ShouldBe(0);

        double NextAfter(int seconds, int count)
        {
            clock.Advance(TimeSpan.FromSeconds(seconds));
            return meter.Next(count);
        }
    }
}
