using Microsoft.Extensions.Options;
using ReliableMq.Broker.Naming;
using ReliableMq.Receiving;

namespace ReliableMq.Handling;

/// <summary>Every handler of the application, by queue. Built once, from what has been validated.</summary>
internal sealed class HandlerRegistry(IEnumerable<HandlerDefinition> handlers, IOptions<ReliableMqOptions> options, NamesInUse names)
{
    public IReadOnlyList<QueueHandlers> Queues { get; } =
        [.. handlers.GroupBy(handler => handler.Queue).Select(queue => new QueueHandlers(
            QueueSettings.Resolve(queue.Key, [.. queue], options.Value.Queues.GetValueOrDefault(queue.Key), options.Value.Broker.ConsumerTimeout, []), names.TopologyOf(queue.Key, queue), queue))];
}
