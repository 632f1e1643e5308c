using System.Collections.Frozen;
using ReliableMq.Broker.Topology;
using ReliableMq.Receiving;

namespace ReliableMq.Handling;

/// <summary>The handlers of one queue, by message name, the settings in force and the topology it needs.</summary>
internal sealed class QueueHandlers(QueueSettings settings, QueueTopology topology, IEnumerable<HandlerDefinition> handlers)
{
    private readonly FrozenDictionary<string, HandlerDefinition> _byName =
        handlers.ToFrozenDictionary(handler => handler.MessageName, StringComparer.Ordinal);

    public QueueSettings Settings => settings;

    public QueueTopology Topology => topology;

    public IEnumerable<HandlerDefinition> All => _byName.Values;

    public IReadOnlyCollection<string> MessageNames => _byName.Keys;

    public HandlerDefinition? Find(string messageName) => _byName.GetValueOrDefault(messageName);
}
