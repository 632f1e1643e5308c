using ReliableMq.Broker.Topology;

namespace ReliableMq.Tests.Broker.Topology;

public sealed class QueueTopologyTests
{
    private readonly QueueTopology _topology = new("billing.order-placed", "billing.order-placed.dead", []);

    [Fact]
    public void A_queue_is_a_quorum_queue_that_dead_letters_at_least_once_and_drops_nothing() =>
        _topology.Arguments.ShouldBe(
            new Dictionary<string, object?>
            {
                ["x-queue-type"] = "quorum",
                ["x-delivery-limit"] = 1_000_000L,
                ["x-dead-letter-exchange"] = "",
                ["x-dead-letter-routing-key"] = "billing.order-placed.dead",
                ["x-dead-letter-strategy"] = "at-least-once",
                ["x-overflow"] = "reject-publish",
            },
            ignoreOrder: true);

    [Fact]
    public void A_dead_letter_queue_is_a_quorum_queue_that_dead_letters_no_further() =>
        QueueTopology.DeadLetterArguments.ShouldBe(
            new Dictionary<string, object?> { ["x-queue-type"] = "quorum", ["x-delivery-limit"] = 1_000_000L },
            ignoreOrder: true);

    [Fact]
    public void Arguments_are_the_callers_own()
    {
        // The client and its users may change a dictionary that they were given.
        _topology.Arguments.Clear();
        QueueTopology.DeadLetterArguments.Clear();

        _topology.Arguments.Count.ShouldBe(6);
        QueueTopology.DeadLetterArguments.Count.ShouldBe(2);
    }
}
