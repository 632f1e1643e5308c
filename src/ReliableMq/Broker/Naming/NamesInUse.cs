using System.Collections.Concurrent;
using ReliableMq.Broker.Topology;
using ReliableMq.Handling;
using ReliableMq.Receiving;

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

    /// <summary>A handler's own bindings, or the queue's in the configuration, take the place of those by name.</summary>
    public QueueTopology TopologyOf(QueueSettings settings, IReadOnlyCollection<MessageReading> readings) => new(
        settings.Queue, DeadLetterQueueOf(settings.Queue),
        [.. readings.Where(reading => settings.Bindings is null && reading.Handler.Bindings.Count == 0).Select(BindingOf)])
    {
        ForeignBindings = settings.Bindings
            ?? [.. readings.Select(reading => reading.Handler).Distinct().SelectMany(handler => handler.Bindings).Select(Binding.Of).Distinct()],
    };

    public Binding BindingOf(MessageReading reading) => new(ExchangeOf(reading.Name, MessageNames.TargetOf(reading.Type)), reading.Name);

    private static string Checked(string? name, string what, INamingPolicy policy) =>
        !string.IsNullOrEmpty(name) && MessageNames.IsShortString(name)
            ? name
            : throw new ReliableMqException(
                $"The {what} would be called \"{name}\" by the naming policy \"{policy.GetType().Name}\", but names have 1 to {MessageNames.MaxShortStringBytes} bytes of UTF-8. Shorten the name, or correct the policy.");
}
