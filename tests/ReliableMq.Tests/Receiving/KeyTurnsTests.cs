using ReliableMq.Receiving;

namespace ReliableMq.Tests.Receiving;

public sealed class KeyTurnsTests
{
    [Fact]
    public void One_of_a_key_has_the_turn_and_passes_it_in_the_order_of_arrival()
    {
        var turns = new KeyTurns(QueueOrder.ByKey);
        var (first, second, third) = (OrderingKeysTests.Keyed("k"), OrderingKeysTests.Keyed("k"), OrderingKeysTests.Keyed("k"));

        turns.TryTake(first).ShouldBeTrue();
        turns.TryTake(second).ShouldBeFalse();
        turns.TryTake(third).ShouldBeFalse();

        turns.Pass(first).ShouldBeSameAs(second);
        turns.TryTake(first).ShouldBeFalse("what comes back waits behind the others");
        turns.Pass(second).ShouldBeSameAs(third);
        turns.Pass(third).ShouldBeSameAs(first);
        turns.Pass(first).ShouldBeNull();
        turns.TryTake(second).ShouldBeTrue();
    }

    [Fact]
    public void Different_keys_and_messages_without_a_key_wait_for_nobody()
    {
        var turns = new KeyTurns(QueueOrder.ByKey);

        turns.TryTake(OrderingKeysTests.Keyed("k")).ShouldBeTrue();
        turns.TryTake(OrderingKeysTests.Keyed("l")).ShouldBeTrue();
        turns.TryTake(OrderingKeysTests.Keyed(null)).ShouldBeTrue();
        turns.TryTake(OrderingKeysTests.Keyed(null)).ShouldBeTrue();
        turns.Pass(OrderingKeysTests.Keyed(null)).ShouldBeNull();
    }

    [Fact]
    public void One_at_a_time_is_one_whatever_its_key()
    {
        var turns = new KeyTurns(QueueOrder.OneAtATime);
        var (first, second, third) = (OrderingKeysTests.Keyed("k"), OrderingKeysTests.Keyed("l"), OrderingKeysTests.Keyed(null));

        turns.TryTake(first).ShouldBeTrue();
        turns.TryTake(second).ShouldBeFalse();
        turns.TryTake(third).ShouldBeFalse();
        turns.Pass(first).ShouldBeSameAs(second);
        turns.Pass(second).ShouldBeSameAs(third);
        turns.Pass(third).ShouldBeNull();
    }

    [Fact]
    public void A_queue_without_an_order_has_no_turns()
    {
        var turns = new KeyTurns(QueueOrder.None);

        turns.TryTake(OrderingKeysTests.Keyed("k")).ShouldBeTrue();
        turns.TryTake(OrderingKeysTests.Keyed("k")).ShouldBeTrue();
        turns.Pass(OrderingKeysTests.Keyed("k")).ShouldBeNull();
    }
}
