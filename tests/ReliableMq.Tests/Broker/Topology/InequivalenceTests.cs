using ReliableMq.Broker.Topology;

namespace ReliableMq.Tests.Broker.Topology;

public sealed class InequivalenceTests
{
    // As 3.10, 4.0 and 4.3 say it.
    [Theory]
    [InlineData(
        "PRECONDITION_FAILED - inequivalent arg 'x-overflow' for queue 'q' in vhost '/': received the value 'reject-publish' of type 'longstr' but current is none",
        "x-overflow", "reject-publish", "none")]
    [InlineData(
        "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost 'v': received none but current is the value '10' of type 'signedint'",
        "x-max-length", "none", "10")]
    [InlineData("PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'orders' in vhost '/': received 'topic' but current is 'fanout'", "type", "topic", "fanout")]
    [InlineData("PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'it's' in vhost '/': received 'true' but current is 'false'", "durable", "true", "false")]
    public void The_brokers_refusal_is_read(string refusal, string argument, string expected, string found) =>
        Inequivalence.Read("queue \"q\"", refusal, "Remedy.").ShouldBe(new TopologyDifference($"queue \"q\", {argument}", expected, found, "Remedy."));

    [Fact]
    public void A_queue_without_a_single_active_consumer_has_a_remedy_of_its_own() => Inequivalence.Read(
        "queue \"q\"", "PRECONDITION_FAILED - inequivalent arg 'x-single-active-consumer' for queue 'q' in vhost '/': received the value 'true' of type 'bool' but current is none", "Remedy.").ToString().ShouldBe(
        "queue \"q\", x-single-active-consumer: expected true, found none. Until then the processes of the service handle its messages at once, and their order is not kept. Let the queue run empty, delete it and declare it anew.");

    [Fact]
    public void A_refusal_in_other_words_is_shown_as_it_is() =>
        Inequivalence.Read("queue \"q\"", "RESOURCE_LOCKED - cannot obtain exclusive access", "Remedy.").ToString().ShouldBe(
            "queue \"q\": expected what is declared for it, found RESOURCE_LOCKED - cannot obtain exclusive access. Remedy.");
}
