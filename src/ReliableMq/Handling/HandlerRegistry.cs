using Microsoft.Extensions.Options;
using ReliableMq.Broker.Naming;
using ReliableMq.Receiving;

namespace ReliableMq.Handling;

/// <summary>Every handler of the application, by queue. Built once, from what has been validated.</summary>
internal sealed class HandlerRegistry(IEnumerable<HandlerDefinition> handlers, IOptions<ReliableMqOptions> options, NamesInUse names)
{
    public IReadOnlyList<QueueHandlers> Queues { get; } =
        [.. handlers.GroupBy(handler => handler.Queue).Select(queue => HandlersOf(queue, options.Value, names))];

    private static QueueHandlers HandlersOf(IGrouping<string, HandlerDefinition> queue, ReliableMqOptions options, NamesInUse names)
    {
        var settings = QueueSettings.Resolve(queue.Key, [.. queue], options.Queues.GetValueOrDefault(queue.Key), options.Broker.ConsumerTimeout, []);
        return new QueueHandlers(settings, names.TopologyOf(queue.Key, queue) with { IsOrdered = settings.Order != QueueOrder.None }, queue);
    }
}
