using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Broker.Topology;
using ReliableMq.DeadLettering;
using ReliableMq.Diagnostics;
using ReliableMq.Failing;
using ReliableMq.Handling;
using ReliableMq.Receiving;
using ReliableMq.Storage;

namespace ReliableMq.Hosting;

/// <summary>
/// Runs the consumers of every queue with handlers, and of its dead-letter queue. They start after the
/// application has started and stop first.
/// </summary>
internal sealed class ConsumerHost(
    HandlerRegistry registry, ServiceDatabases databases, IServiceProvider services, BrokerConnections connections, TopologyDeclarer topology,
    IHostApplicationLifetime lifetime, ILogger<ConsumerHost> logger) : IHostedLifecycleService
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _givingUp = new();
    private Task _running = Task.CompletedTask;

    public IReadOnlyList<QueueConsumer> Consumers { get; private set; } = [];

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var consumers = registry.Queues
            .Select(queue => (Queue: queue, Inbox: databases.InboxOf(queue.Settings)))
            .SelectMany(queue => ConsumersOf(queue.Queue, queue.Inbox).Select(consumer => (Consumer: consumer, queue.Inbox)))
            .ToList();
        Consumers = [.. consumers.Select(consumer => consumer.Consumer)];
        _running = Task.WhenAll(consumers.Select(consumer => Task.Run(() => RunAsync(consumer.Consumer, consumer.Inbox), CancellationToken.None)));
        return Task.CompletedTask;
    }

    private IEnumerable<QueueConsumer> ConsumersOf(QueueHandlers queue, ServiceDatabase? inbox)
    {
        var settings = queue.Settings;
        var queueTopology = queue.Topology;
        if (inbox is null)
        {
            // Its dead letters stay in their queue.
            yield return Consumer(settings.Queue, settings, ActivatorUtilities.CreateInstance<NoInboxProcessor>(services, queue),
                (connection, token) => topology.DeclareAsync(connection, queueTopology, token));
            yield break;
        }

        yield return Consumer(settings.Queue, settings, ActivatorUtilities.CreateInstance<HandlingProcessor>(services, queue, inbox),
            (connection, token) => topology.DeclareAsync(connection, queueTopology, token));

        var deadSettings = new QueueSettings(queueTopology.DeadLetterQueue, new RetryPolicy([]), 1, 50, settings.Timeout);
        yield return Consumer(queueTopology.DeadLetterQueue, deadSettings, ActivatorUtilities.CreateInstance<DeadLetterMonitor>(services, settings.Queue, inbox),
            (connection, token) => topology.DeclareDeadLetterQueueAsync(connection, queueTopology, token));
    }

    private QueueConsumer Consumer(string queue, QueueSettings settings, IDeliveryProcessor processor, Func<IConnection, CancellationToken, Task> declare) =>
        ActivatorUtilities.CreateInstance<QueueConsumer>(services, queue, settings, processor, connections.Consuming, declare);

    private async Task RunAsync(QueueConsumer consumer, ServiceDatabase? inbox)
    {
        try
        {
            await (inbox?.Ready ?? Task.CompletedTask).WaitAsync(_stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await consumer.RunAsync(_stopping.Token, _givingUp.Token);
        }
        catch (Exception exception)
        {
            LogMessages.BackgroundWorkEnded(logger, $"consumer of {consumer.Queue}", exception);
            lifetime.StopApplication();
        }
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await using var limit = cancellationToken.Register(_givingUp.Cancel);
        await _running;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
