using ReliableMq.Receiving;

namespace ReliableMq.Tests.Receiving;

public sealed class HoldBudgetTests
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(3);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(10, 5)]
    [InlineData(200, 100)]
    public void At_most_half_of_the_prefetch_is_held_but_always_one(int prefetch, int holds)
    {
        var budget = new HoldBudget(prefetch);
        for (var i = 0; i < holds; i++)
        {
            budget.TryHold(Delay, out var settlement).ShouldBeTrue();
            settlement.ShouldBe(new Settlement(SettlementKind.Requeue, Delay, IsRecorded: true));
        }

        budget.TryHold(Delay, out _).ShouldBeFalse();
        budget.TryHold(Delay, out _).ShouldBeFalse();
    }

    [Fact]
    public void A_returned_place_can_be_used_again()
    {
        var budget = new HoldBudget(2);
        budget.TryHold(Delay, out _);
        budget.Return();

        budget.TryHold(Delay, out _).ShouldBeTrue();
        budget.TryHold(Delay, out _).ShouldBeFalse();
    }

    [Fact]
    public void Holding_beyond_the_budget_is_paid_back_before_others_hold()
    {
        var budget = new HoldBudget(2);
        budget.Hold(Delay).ShouldBe(new Settlement(SettlementKind.Requeue, Delay));
        budget.Hold(Delay);
        budget.Hold(Delay);

        budget.Return();
        budget.Return();
        budget.TryHold(Delay, out _).ShouldBeFalse();
        budget.Return();
        budget.TryHold(Delay, out _).ShouldBeTrue();
    }

    [Fact]
    public async Task Many_at_once_lose_no_place_and_gain_none()
    {
        var budget = new HoldBudget(20);

        // Threads of their own and many rounds: with a plain decrement most runs fail, though not every one.
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < 500_000; i++)
                {
                    if (budget.TryHold(Delay, out var _))
                    {
                        budget.Return();
                    }
                }
            },
            TaskCreationOptions.LongRunning)));

        for (var i = 0; i < 10; i++)
        {
            budget.TryHold(Delay, out _).ShouldBeTrue("every place was given back");
        }

        budget.TryHold(Delay, out _).ShouldBeFalse();
    }
}
