using ReliableMq.Broker;

namespace ReliableMq.Tests.Broker;

public sealed class BackoffTests
{
    [Theory]
    [InlineData(1, 1_000)]
    [InlineData(2, 2_000)]
    [InlineData(3, 4_000)]
    [InlineData(6, 32_000)]
    [InlineData(7, 60_000)]
    [InlineData(31, 60_000)]
    [InlineData(int.MaxValue, 60_000)]
    public void Doubles_with_each_failure_up_to_the_most(int failures, int milliseconds) =>
        Delay(failures, random: 1).ShouldBe(TimeSpan.FromMilliseconds(milliseconds));

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(int.MinValue)]
    public void Takes_fewer_than_one_failure_for_one(int failures) =>
        Delay(failures, random: 1).ShouldBe(TimeSpan.FromSeconds(1));

    [Theory]
    [InlineData(0, 2_000)]
    [InlineData(0.5, 3_000)]
    [InlineData(1, 4_000)]
    public void Spreads_over_the_upper_half_of_the_delay(double random, int milliseconds) =>
        Delay(failures: 3, random).ShouldBe(TimeSpan.FromMilliseconds(milliseconds));

    private static TimeSpan Delay(int failures, double random) =>
        Backoff.Delay(failures, first: TimeSpan.FromSeconds(1), most: TimeSpan.FromMinutes(1), random);
}
