using System.Globalization;

namespace ReliableMq.Broker.Topology;

/// <summary>What of the broker's facts differs from what is needed, and what an operator can do about it.</summary>
internal static class TopologyRules
{
    public const string KeepOrReplace = "It is used as it is. Change it on the broker: let the queue run empty, delete it and declare it anew.";

    public const string KeepOrReplaceOrdered =
        "Until then the processes of the service handle its messages at once, and their order is not kept. Let the queue run empty, delete it and declare it anew.";

    public const string ReplaceExchange = "It is used as it is. Delete the exchange when nothing is published to it, and declare it and its bindings anew.";

    public static string Exchange(string name) => $"exchange \"{name}\"";

    public static string Queue(string name) => $"queue \"{name}\"";

    public static string BindingOf(string queue, Binding binding) => $"binding of {Queue(queue)} to {Exchange(binding.Exchange)}";

    public static TopologyDifference MissingExchange(string name) =>
        new(Exchange(name), "a durable topic exchange", "none", DeclareIt);

    public static TopologyDifference MissingForeignExchange(string queue, string name) =>
        new(Exchange(name), "one that somebody else declares", "none", $"Declare it where it belongs, or correct [Binding] or \"ReliableMq:Queues:{queue}:Bindings\".");

    public static string DelayedRetryNotInForce(string queue, BrokerVersion version) =>
        $"The DelayedRetry of the {Queue(queue)} is not in force: it needs RabbitMQ {BrokerVersion.DelayedRetrySince}, and this is {version}. Deliveries are held in the process instead.";

    public static TopologyDifference MissingQueue(string name) =>
        new(Queue(name), "a durable quorum queue", "none", DeclareIt);

    public static TopologyDifference MissingBinding(string queue, Binding binding) =>
        new(BindingOf(queue, binding), $"the routing key \"{binding.RoutingKey}\"", "none", "Bind it, or set \"ReliableMq:Topology:Mode\" to Create.");

    private const string DeclareIt = "Declare it, or set \"ReliableMq:Topology:Mode\" to Create.";

    /// <summary>What was there before, has been missing, and is there again.</summary>
    public static TopologyDifference Mended(TopologyDifference missing) => missing with
    {
        Remedy = missing.What.StartsWith("queue", StringComparison.Ordinal)
            ? "It was declared again, but what was in it is gone. Find out who deleted it, and let senders send again what is missing."
            : "It was declared again. Find out who deleted it; meanwhile senders kept what had no way.",
    };

    public static IEnumerable<TopologyDifference> OfExchange(string name, ExchangeFacts? facts)
    {
        if (facts is null)
        {
            yield return MissingExchange(name);
            yield break;
        }

        if (facts.Type != "topic")
        {
            yield return new($"{Exchange(name)}, type", "topic", facts.Type, ReplaceExchange);
        }

        if (!facts.Durable)
        {
            yield return new($"{Exchange(name)}, durable", "true", "false", ReplaceExchange);
        }
    }

    public static IEnumerable<TopologyDifference> OfQueue(string name, Dictionary<string, object?> expected, QueueFacts? facts)
    {
        if (facts is null)
        {
            yield return MissingQueue(name);
            yield break;
        }

        if (!facts.Durable)
        {
            yield return new($"{Queue(name)}, durable", "true", "false", KeepOrReplace);
        }

        foreach (var argument in expected.Keys.Union(facts.Arguments.Keys).Order(StringComparer.Ordinal))
        {
            var needed = expected.TryGetValue(argument, out var value) ? Shown(value is true ? "true" : Convert.ToString(value, CultureInfo.InvariantCulture)!) : "none";
            var found = facts.Arguments.TryGetValue(argument, out var text) ? Shown(text) : "none";
            if (needed != found)
            {
                yield return new($"{Queue(name)}, {argument}", needed, found, RemedyFor(argument, needed, KeepOrReplace));
            }
        }
    }

    /// <summary>
    /// A policy's <c>overflow</c> beats the argument of a quorum queue, and with <c>drop-head</c> the oldest messages
    /// are given up instead of the newest refused; of two delivery limits the lower one holds. Dead-letter keys of a
    /// policy are harmless, because there the argument wins (all seen on 3.10, 4.0 and 4.3).
    /// </summary>
    public static IEnumerable<TopologyDifference> OfPolicy(QueueTopology topology, QueueFacts facts)
    {
        if (facts.PolicyKeys.TryGetValue("overflow", out var overflow) && overflow != "reject-publish")
        {
            yield return Policy(topology.Queue, facts, "overflow", "none or reject-publish", overflow);
        }

        foreach (var difference in OfAnyPolicy(topology.Queue, facts))
        {
            yield return difference;
        }
    }

    /// <summary>What a dead-letter queue gives up goes nowhere.</summary>
    public static IEnumerable<TopologyDifference> OfDeadLetterPolicy(QueueTopology topology, QueueFacts facts)
    {
        var overflow = facts.PolicyKeys.GetValueOrDefault("overflow") ?? facts.Arguments.GetValueOrDefault("x-overflow");
        foreach (var key in new[] { "max-length", "max-length-bytes" })
        {
            if (overflow != "reject-publish" && facts.PolicyKeys.TryGetValue(key, out var found))
            {
                yield return Policy(topology.DeadLetterQueue, facts, key, "none, or an overflow of \"reject-publish\"", found);
            }
        }

        if (facts.PolicyKeys.TryGetValue("message-ttl", out var ttl))
        {
            yield return Policy(topology.DeadLetterQueue, facts, "message-ttl", "none", ttl);
        }

        foreach (var difference in OfAnyPolicy(topology.DeadLetterQueue, facts))
        {
            yield return difference;
        }
    }

    private static IEnumerable<TopologyDifference> OfAnyPolicy(string queue, QueueFacts facts)
    {
        if (facts.PolicyKeys.TryGetValue("delivery-limit", out var limit)
            && long.TryParse(limit, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var deliveries) && deliveries is >= 0 and < QueueTopology.DeliveryLimit)
        {
            yield return Policy(queue, facts, "delivery-limit", string.Create(CultureInfo.InvariantCulture, $"none or {QueueTopology.DeliveryLimit}"), limit);
        }

        if (facts.PolicyKeys.TryGetValue("expires", out var expires))
        {
            yield return Policy(queue, facts, "expires", "none", expires);
        }
    }

    private static TopologyDifference Policy(string queue, QueueFacts facts, string key, string expected, string found) => new(
        $"{Queue(queue)}, {key} by the policy \"{facts.Policy}\"", expected, Shown(found), "Take the key out of the policy, or let the policy match other queues only.");

    /// <summary>What an argument's difference asks for, where that is more than usual.</summary>
    public static string RemedyFor(string argument, string needed, string usual) =>
        argument == QueueTopology.SingleActiveConsumer && needed != "none" ? KeepOrReplaceOrdered : usual;

    private static string Shown(string value) => value.Length == 0 ? "\"\"" : value;
}
