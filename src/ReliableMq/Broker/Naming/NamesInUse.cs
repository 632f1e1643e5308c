using System.Collections.Concurrent;
using ReliableMq.Broker.Topology;

namespace ReliableMq.Broker.Naming;

/// <summary>
/// The one place that names come from: the user's policy, or the configured one. What a policy answers is
/// checked, because the broker would close the channel over a bad name.
/// </summary>
internal sealed class NamesInUse(IEnumerable<INamingPolicy> own, TopologyNaming configured)
{
    private readonly INamingPolicy _policy = own.LastOrDefault() ?? (configured == TopologyNaming.SourceToTarget ? new SourceToTargetNaming() : new DomainNaming());

    // Asked at every AddMessage.
    private readonly ConcurrentDictionary<(string Name, string? Target), string> _exchanges = new();

    public string ExchangeOf(string messageName, string? target) =>
        _exchanges.GetOrAdd((messageName, target), static (message, policy) => Checked(
            policy.ExchangeOf(message.Name, message.Target), $"exchange of the message \"{message.Name}\"", policy), _policy);

    public string DeadLetterQueueOf(string queue) => 
        Checked(_policy.DeadLetterQueueOf(queue), $"dead-letter queue of \"{queue}\"", _policy);

    public string? ExpectedQueue(string queue, string messageName, string? target) => _policy.ExpectedQueue(queue, messageName, target);

    public QueueTopology TopologyOf(string queue, IEnumerable<HandlerDefinition> handlers) => new(
        queue, DeadLetterQueueOf(queue),
        [.. handlers.Select(handler => new Binding(ExchangeOf(handler.MessageName, MessageNames.TargetOf(handler.MessageType)), handler.MessageName))]);

    private static string Checked(string? name, string what, INamingPolicy policy) =>
        !string.IsNullOrEmpty(name) && MessageNames.IsShortString(name)
            ? name
            : throw new ReliableMqException(
                $"The {what} would be called \"{name}\" by the naming policy \"{policy.GetType().Name}\", but names have 1 to {MessageNames.MaxShortStringBytes} bytes of UTF-8. Shorten the name, or correct the policy.");
}
