using RabbitMQ.Client;
using ReliableMq.Receiving;

namespace ReliableMq.Tests.Receiving;

public sealed class OrderingKeysTests
{
    [Theory]
    // The order of the queue, the key of the delivery, the key that it holds back, the turn that it waits for.
    [InlineData(QueueOrder.None, null, null, null)]
    [InlineData(QueueOrder.None, "k", null, null)]
    [InlineData(QueueOrder.ByKey, null, null, null)]
    [InlineData(QueueOrder.ByKey, "", null, null)]
    [InlineData(QueueOrder.ByKey, "k", "k", "k")]
    [InlineData(QueueOrder.OneAtATime, null, "", "")]
    [InlineData(QueueOrder.OneAtATime, "", "", "")]
    [InlineData(QueueOrder.OneAtATime, "k", "k", "")]
    public void The_order_of_a_queue_says_what_waits_for_what(QueueOrder order, string? sent, string? key, string? turn)
    {
        var delivery = Keyed(sent);

        OrderingKeys.Of(delivery, order).ShouldBe(key);
        OrderingKeys.TurnOf(delivery, order).ShouldBe(turn);
    }

    [Fact]
    public void A_key_that_no_index_takes_is_shortened_and_stays_one_of_its_own()
    {
        var longest = new string('k', 255);
        OrderingKeys.Of(Keyed(longest), QueueOrder.ByKey).ShouldBe(longest);

        var key = OrderingKeys.Of(Keyed(longest + "k"), QueueOrder.ByKey);
        key.ShouldStartWith("sha256:");
        key!.Length.ShouldBe(71);
        OrderingKeys.Of(Keyed(longest + "k"), QueueOrder.ByKey).ShouldBe(key);
        OrderingKeys.Of(Keyed(longest + "l"), QueueOrder.ByKey).ShouldNotBe(key);
    }

    internal static Delivery Keyed(string? key) => Some.Delivery(new BasicProperties
    {
        MessageId = Guid.NewGuid().ToString(),
        Headers = key is null ? null : new Dictionary<string, object?> { ["x-reliable-mq-ordering-key"] = System.Text.Encoding.UTF8.GetBytes(key) },
    });
}
