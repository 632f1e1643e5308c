using System.Collections.Concurrent;
using System.Collections.Frozen;
using ReliableMq.Broker.Topology;
using ReliableMq.Failing;
using ReliableMq.Receiving;

namespace ReliableMq.Handling;

/// <summary>The handlers of one queue, the settings in force and the topology it needs.</summary>
internal sealed class QueueHandlers
{
    private readonly FrozenDictionary<string, MessageReading> _byName;
    private readonly ConcurrentDictionary<HandlerDefinition, ExceptionRules> _rules = [];
    private readonly List<(MessageReading Reading, Binding[] Bindings)> _bound;

    public QueueHandlers(QueueSettings settings, QueueTopology topology, IReadOnlyCollection<MessageReading> readings)
    {
        Settings = settings;
        Topology = topology;
        _byName = readings.ToFrozenDictionary(reading => reading.Name, StringComparer.Ordinal);

        // Without a name it is what its handler takes today, so only the first reading of each counts.
        var own = readings.DistinctBy(reading => reading.Handler).ToList();
        All = [.. own.Select(reading => reading.Handler)];
        _bound = [.. own.Select(reading => (reading, Bindings:
            settings.Bindings is not { } configured ? reading.Handler.Bindings.Select(Binding.Of).ToArray()
            : own.Count == 1 ? [.. configured]
            : [])).Where(bound => bound.Bindings.Length > 0)];
    }

    public QueueSettings Settings { get; }

    public QueueTopology Topology { get; }

    public IReadOnlyList<HandlerDefinition> All { get; }

    /// <summary>What follows from which exception, of any handler that says nothing of it.</summary>
    public IReadOnlyList<ExceptionRule> GlobalRules { get; init; } = [];

    /// <summary>What follows from which exception; a handler that was not found threw none.</summary>
    public ExceptionRules RulesOf(HandlerDefinition? handler) => 
        handler is null ? ExceptionRules.None : _rules.GetOrAdd(handler, static (handler, global) => ExceptionRules.Of(handler, global), GlobalRules);

    public IReadOnlyCollection<string> MessageNames => _byName.Keys;

    /// <summary>Who takes a delivery: by its name, else by its routing key, else the only handler bound to where it came from.</summary>
    public MessageReading? Find(Delivery delivery)
    {
        if (_byName.TryGetValue(delivery.Name, out var reading) || _byName.TryGetValue(delivery.RoutingKey, out reading))
        {
            return reading;
        }

        var bound = _bound.FindAll(handler => Array.Exists(handler.Bindings, binding => binding.Matches(delivery.Exchange, delivery.RoutingKey)));
        return bound is [var (only, _)] ? only with { Name = delivery.Name } : null;
    }
}
