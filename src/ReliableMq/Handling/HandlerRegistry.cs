using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ReliableMq.Broker.Naming;
using ReliableMq.Failing;
using ReliableMq.Receiving;

namespace ReliableMq.Handling;

/// <summary>Every handler of the application, by queue. Built once, from what has been validated.</summary>
internal sealed class HandlerRegistry
{
    public HandlerRegistry(
        IEnumerable<HandlerDefinition> handlers, IEnumerable<UpcasterRegistration> upcasters, IEnumerable<ExceptionRule> rules, IOptions<ReliableMqOptions> options, NamesInUse names, IServiceProvider services)
    {
        List<UpcasterRegistration> all = [.. upcasters];
        Queues = [.. handlers.GroupBy(handler => handler.Queue).Select(queue =>
        {
            var settings = QueueSettings.Resolve(queue.Key, [.. queue], options.Value.Queues.GetValueOrDefault(queue.Key), options.Value.Broker.ConsumerTimeout, []);
            List<MessageReading> readings = [.. queue.SelectMany(handler => MessageReading.Of(handler, all))];
            return new QueueHandlers(settings, names.TopologyOf(settings, readings) with { IsOrdered = settings.Order != QueueOrder.None, DelayedRetry = settings.DelayedRetry }, readings)
            {
                GlobalRules = [.. rules],
            };
        })];

        // Here, because an upcaster that cannot be created would make dead letters of good messages.
        all.ForEach(upcaster => services.GetRequiredService(upcaster.Type));
    }

    public IReadOnlyList<QueueHandlers> Queues { get; }
}
