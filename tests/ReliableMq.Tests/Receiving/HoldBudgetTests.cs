using Microsoft.Extensions.Logging.Abstractions;
using RabbitMQ.Client;
using ReliableMq.Receiving;
using ReliableMq.TestSupport;

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
            budget.TryHold(Some.Delivery(), Delay, out var settlement).ShouldBeTrue();
            settlement.ShouldBe(new Settlement(SettlementKind.Requeue, Delay, IsRecorded: true));
        }

        budget.TryHold(Some.Delivery(), Delay, out _).ShouldBeFalse();
        budget.TryHold(Some.Delivery(), Delay, out _).ShouldBeFalse();
    }

    [Fact]
    public void A_returned_place_can_be_used_again()
    {
        var budget = new HoldBudget(2);
        budget.TryHold(Some.Delivery(), Delay, out _);
        budget.Return();

        budget.TryHold(Some.Delivery(), Delay, out _).ShouldBeTrue();
        budget.TryHold(Some.Delivery(), Delay, out _).ShouldBeFalse();
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
        budget.TryHold(Some.Delivery(), Delay, out _).ShouldBeFalse();
        budget.Return();
        budget.TryHold(Some.Delivery(), Delay, out _).ShouldBeTrue();
    }

    [Fact]
    public void The_rest_of_a_delay_is_held_beyond_the_budget_too()
    {
        var budget = new HoldBudget(2);
        budget.HoldRest(Some.Delivery(), Delay).ShouldBe(new Settlement(SettlementKind.Requeue, Delay, IsRecorded: true));
        budget.HoldRest(Some.Delivery(), Delay).ShouldBe(new Settlement(SettlementKind.Requeue, Delay, IsRecorded: true));

        budget.Return();
        budget.TryHold(Some.Delivery(), Delay, out _).ShouldBeFalse("both are paid back first");
    }

    [Fact]
    public void What_the_broker_delays_takes_nothing_of_the_budget()
    {
        var budget = new HoldBudget(2, new BrokerDelays("billing", new DelayedRetry(Delay, Delay), new ManualTimeProvider(), NullLogger.Instance));
        for (var number = 0; number < 3; number++)
        {
            var delivery = Some.Delivery(new BasicProperties { MessageId = $"m-{number}" });
            budget.TryHold(delivery, Delay, out var returned).ShouldBeTrue();
            returned.ShouldBe(Settlement.Return);
            budget.Return(delivery, returned);
        }

        budget.TryHold(Some.Delivery(), Delay, out var held).ShouldBeTrue("it has no id, so it is held");
        budget.TryHold(Some.Delivery(), Delay, out _).ShouldBeFalse();
        budget.Return(Some.Delivery(), held);
        budget.TryHold(Some.Delivery(), Delay, out _).ShouldBeTrue();
    }

    [Fact]
    public async Task Many_at_once_lose_no_place_and_gain_none()
    {
        var budget = new HoldBudget(20);

        var delivery = Some.Delivery();

        // Threads of their own and many rounds: with a plain decrement most runs fail, though not every one.
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < 500_000; i++)
                {
                    if (budget.TryHold(delivery, Delay, out var _))
                    {
                        budget.Return();
                    }
                }
            },
            TaskCreationOptions.LongRunning)));

        for (var i = 0; i < 10; i++)
        {
            budget.TryHold(Some.Delivery(), Delay, out _).ShouldBeTrue("every place was given back");
        }

        budget.TryHold(Some.Delivery(), Delay, out _).ShouldBeFalse();
    }
}
