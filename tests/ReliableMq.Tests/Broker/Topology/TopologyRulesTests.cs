using System.Text.Json;
using ReliableMq.Broker.Topology;

namespace ReliableMq.Tests.Broker.Topology;

public sealed class TopologyRulesTests
{
    private static readonly QueueTopology Topology = new("q", "q.dead", [new Binding("orders", "orders.placed.v1")]);

    private static readonly Dictionary<string, string> AsNeeded = new()
    {
        ["x-queue-type"] = "quorum", ["x-delivery-limit"] = "1000000", ["x-dead-letter-exchange"] = "", ["x-dead-letter-routing-key"] = "q.dead",
        ["x-dead-letter-strategy"] = "at-least-once", ["x-overflow"] = "reject-publish",
    };

    [Fact]
    public void What_is_as_needed_has_no_difference()
    {
        TopologyRules.OfExchange("orders", new ExchangeFacts("topic", true)).ShouldBeEmpty();
        TopologyRules.OfQueue("q", Topology.Arguments, new QueueFacts(true, AsNeeded, null, Keys())).ShouldBeEmpty();
        TopologyRules.OfPolicy(Topology, new QueueFacts(true, AsNeeded, "p", Keys(
            ("overflow", "reject-publish"), ("max-length", "1000"), ("delivery-limit", "1000000"), ("dead-letter-exchange", "")))).ShouldBeEmpty();
        TopologyRules.OfDeadLetterPolicy(Topology, new QueueFacts(true, AsNeeded, "p", Keys(("max-length", "1000"), ("overflow", "reject-publish")))).ShouldBeEmpty();
    }

    [Fact]
    public void A_missing_exchange_is_told_with_its_remedy() => Texts(TopologyRules.OfExchange("orders", null)).ShouldBe([
        "exchange \"orders\": expected a durable topic exchange, found none. Declare it, or set \"ReliableMq:Topology:Mode\" to Create.",
    ]);

    [Fact]
    public void An_exchange_of_another_kind_is_told() => Texts(TopologyRules.OfExchange("orders", new ExchangeFacts("fanout", false))).ShouldBe([
        "exchange \"orders\", type: expected topic, found fanout. It is used as it is. Delete the exchange when nothing is published to it, and declare it and its bindings anew.",
        "exchange \"orders\", durable: expected true, found false. It is used as it is. Delete the exchange when nothing is published to it, and declare it and its bindings anew.",
    ]);

    [Fact]
    public void A_missing_queue_and_a_missing_binding_are_told()
    {
        Texts(TopologyRules.OfQueue("q", Topology.Arguments, null)).ShouldBe([
            "queue \"q\": expected a durable quorum queue, found none. Declare it, or set \"ReliableMq:Topology:Mode\" to Create.",
        ]);
        TopologyRules.MissingBinding("q", Topology.Bindings[0]).ToString().ShouldBe(
            "binding of queue \"q\" to exchange \"orders\": expected the routing key \"orders.placed.v1\", found none. Bind it, or set \"ReliableMq:Topology:Mode\" to Create.");
    }

    [Fact]
    public void A_queue_that_should_or_should_not_have_a_single_active_consumer_is_told()
    {
        var ordered = Topology with { IsOrdered = true };
        var active = new Dictionary<string, string>(AsNeeded) { ["x-single-active-consumer"] = "true" };

        TopologyRules.OfQueue("q", ordered.Arguments, new QueueFacts(true, active, null, Keys())).ShouldBeEmpty();
        Texts(TopologyRules.OfQueue("q", ordered.Arguments, new QueueFacts(true, AsNeeded, null, Keys()))).ShouldBe([
            "queue \"q\", x-single-active-consumer: expected true, found none. Until then the processes of the service handle its messages at once, and their order is not kept. Let the queue run empty, delete it and declare it anew.",
        ]);
        Texts(TopologyRules.OfQueue("q", Topology.Arguments, new QueueFacts(true, active, null, Keys()))).ShouldBe([
            "queue \"q\", x-single-active-consumer: expected none, found true. It is used as it is. Change it on the broker: let the queue run empty, delete it and declare it anew.",
        ]);
    }

    [Fact]
    public void Every_argument_that_differs_is_told()
    {
        var arguments = new Dictionary<string, string>(AsNeeded) { ["x-overflow"] = "drop-head", ["x-max-length"] = "10" };
        arguments.Remove("x-dead-letter-exchange");

        TopologyRules.OfQueue("q", Topology.Arguments, new QueueFacts(false, arguments, null, Keys())).Select(difference => $"{difference.What}: {difference.Expected} / {difference.Found}").ShouldBe([
            "queue \"q\", durable: true / false",
            "queue \"q\", x-dead-letter-exchange: \"\" / none",
            "queue \"q\", x-max-length: none / 10",
            "queue \"q\", x-overflow: reject-publish / drop-head",
        ]);
    }

    [Fact]
    public void A_policy_that_beats_the_arguments_is_told() =>
        TopologyRules.OfPolicy(Topology, new QueueFacts(true, AsNeeded, "limits", Keys(
            ("overflow", "drop-head"), ("dead-letter-exchange", "dlx"), ("delivery-limit", "5"), ("expires", "1000"))))
            .Select(difference => $"{difference.What}: {difference.Expected} / {difference.Found}").ShouldBe([
                "queue \"q\", overflow by the policy \"limits\": none or reject-publish / drop-head",
                "queue \"q\", delivery-limit by the policy \"limits\": none or 1000000 / 5",
                "queue \"q\", expires by the policy \"limits\": none / 1000",
            ]);

    [Fact]
    public void A_policy_by_which_dead_letters_vanish_is_told() =>
        TopologyRules.OfDeadLetterPolicy(Topology, new QueueFacts(true, Keys(), "limits", Keys(("max-length", "10"), ("message-ttl", "1000"), ("delivery-limit", "0"))))
            .Select(difference => $"{difference.What}: {difference.Expected} / {difference.Found}").ShouldBe([
                "queue \"q.dead\", max-length by the policy \"limits\": none, or an overflow of \"reject-publish\" / 10",
                "queue \"q.dead\", message-ttl by the policy \"limits\": none / 1000",
                "queue \"q.dead\", delivery-limit by the policy \"limits\": none or 1000000 / 0",
            ]);

    [Fact]
    public void A_queue_is_read_with_its_policies_and_its_default_type()
    {
        var facts = Read("""
            {"type":"quorum","durable":true,"arguments":{"x-delivery-limit":5},"policy":"mine","operator_policy":"theirs","effective_policy_definition":{"max-length":7}}
            """);

        facts.Durable.ShouldBeTrue();
        facts.Arguments.ShouldBe(Keys(("x-delivery-limit", "5"), ("x-queue-type", "quorum")), ignoreOrder: true);
        facts.Policy.ShouldBe("mine\" and \"theirs");
        facts.PolicyKeys.ShouldBe(Keys(("max-length", "7")));
    }

    [Fact]
    public void A_queue_without_arguments_and_policies_may_be_told_with_empty_lists()
    {
        var facts = Read("""{"type":"classic","durable":false,"arguments":[],"policy":null,"operator_policy":"","effective_policy_definition":[]}""");

        facts.Arguments.ShouldBe(Keys(("x-queue-type", "classic")));
        facts.Policy.ShouldBeNull();
        facts.PolicyKeys.ShouldBeEmpty();
    }

    private static QueueFacts Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        return QueueFacts.Read(document.RootElement);
    }

    private static Dictionary<string, string> Keys(params (string Key, string Value)[] keys) => keys.ToDictionary(key => key.Key, key => key.Value);

    private static IEnumerable<string> Texts(IEnumerable<TopologyDifference> differences) => differences.Select(difference => difference.ToString());
}
