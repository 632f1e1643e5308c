using System.Collections.Frozen;
using ReliableMq.Receiving;

namespace ReliableMq.Handling;

/// <summary>The handlers of one queue, by message name, and the settings in force.</summary>
internal sealed class QueueHandlers(QueueSettings settings, IEnumerable<HandlerDefinition> handlers)
{
    private readonly FrozenDictionary<string, HandlerDefinition> _byName =
        handlers.ToFrozenDictionary(handler => handler.MessageName, StringComparer.Ordinal);

    public QueueSettings Settings => settings;

    public IReadOnlyCollection<string> MessageNames => _byName.Keys;

    public HandlerDefinition? Find(string messageName) => _byName.GetValueOrDefault(messageName);
}
