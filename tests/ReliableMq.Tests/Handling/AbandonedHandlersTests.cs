using ReliableMq.Handling;

namespace ReliableMq.Tests.Handling;

public sealed class AbandonedHandlersTests
{
    [Theory]
    [InlineData(null, 20)]
    [InlineData(100, 20)]
    [InlineData(40, 10)]
    [InlineData(2, 1)]
    public void No_more_are_left_behind_than_a_quarter_of_the_pool(int? poolSize, int most) => AbandonedHandlers.MostOf(poolSize).ShouldBe(most);
}
