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
using ReliableMq.Inbox;
using ReliableMq.Receiving;
using ReliableMq.Storage;
using ReliableMq.Timing;

namespace ReliableMq.Hosting;

/// <summary>
/// Runs the consumers of every queue with handlers, and of its dead-letter queue. They start after the
/// application has started and stop first.
/// </summary>
internal sealed class ConsumerHost(
    HandlerRegistry registry, ServiceDatabases databases, IServiceProvider services, BrokerConnections connections, TopologyDeclarer topology,
    IHostApplicationLifetime lifetime, ReliableMqMetrics metrics, QuietLogger<ConsumerHost> logger) : IHostedLifecycleService
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _givingUp = new();
    private readonly Dictionary<QueueConsumer, SettingsWatch> _watches = [];
    private Task _running = Task.CompletedTask;

    public IReadOnlyList<QueueConsumer> Consumers { get; private set; } = [];

    /// <summary>Those of queues with handlers: operators change them.</summary>
    public IReadOnlyList<QueueConsumer> Handling { get; private set; } = [];

    /// <summary>Null where the queue's handlers have no database.</summary>
    public SettingsWatch? WatchOf(QueueConsumer consumer) => _watches.GetValueOrDefault(consumer);

    /// <inheritdoc cref="WatchOf"/>
    public ServiceDatabase? InboxOf(QueueConsumer consumer) => databases.InboxOf(consumer.Settings);

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        if (registry.Queues.Count == 0 && databases.Inboxes.Count > 0)
        {
            LogMessages.NoHandlers(logger);
        }

        var byInbox = registry.Queues.Where(queue => databases.InboxOf(queue.Settings) is not null).GroupBy(queue => databases.InboxOf(queue.Settings)!);
        var withoutInbox = registry.Queues.Where(queue => databases.InboxOf(queue.Settings) is null);
        _running = Task.WhenAll([.. byInbox.SelectMany(queues => Start(queues.Key, [.. queues])), .. withoutInbox.Select(Start)]);
        topology.Consumes = queue => Consumers.Any(consumer => consumer.Queue == queue && consumer.State.IsConsuming);
        topology.BeginAgain = (queue, reason) => Consumers.FirstOrDefault(consumer => consumer.Queue == queue)?.BeginAgain(reason) == true;
        metrics.Watch(Handling);
        return Task.CompletedTask;
    }

    /// <summary>Without an inbox: its dead letters stay in their queue, and nothing keeps its changes.</summary>
    private Task Start(QueueHandlers queue)
    {
        var consumer = Consumer(queue.Settings.Queue, queue.Settings, ActivatorUtilities.CreateInstance<NoInboxProcessor>(services, queue),
            (connection, token) => topology.DeclareAsync(connection, queue.Topology, token));
        Handling = [.. Handling, consumer];
        Consumers = [.. Consumers, consumer];
        return RunAsync(consumer, Task.CompletedTask);
    }

    private IEnumerable<Task> Start(ServiceDatabase inbox, IReadOnlyList<QueueHandlers> queues)
    {
        var marks = ActivatorUtilities.CreateInstance<StartMarks>(services, inbox);
        var handling = queues.Select(queue => Consumer(
            queue.Settings.Queue, queue.Settings, ActivatorUtilities.CreateInstance<HandlingProcessor>(services, queue, inbox, marks),
            (connection, token) => topology.DeclareAsync(connection, queue.Topology, token))).ToList();
        var monitors = queues.Select(queue => MonitorOf(queue, inbox)).ToList();
        var watch = ActivatorUtilities.CreateInstance<SettingsWatch>(services, inbox, handling);
        foreach (var consumer in handling)
        {
            _watches.Add(consumer, watch);
        }

        Handling = [.. Handling, .. handling];
        Consumers = [.. Consumers, .. handling, .. monitors];
        return
        [
            .. handling.Select(consumer => RunAsync(consumer, watch.Ready)), .. monitors.Select(monitor => RunAsync(monitor, inbox.Ready)),
            Task.Run(() => watch.RunAsync(_stopping.Token), CancellationToken.None),
        ];
    }

    private QueueConsumer MonitorOf(QueueHandlers queue, ServiceDatabase inbox)
    {
        var deadLetterQueue = queue.Topology.DeadLetterQueue;
        var settings = new QueueSettings(deadLetterQueue, new RetryPolicy([]), 1, 50, queue.Settings.Timeout) { ConsumerTimeout = queue.Settings.ConsumerTimeout };
        return Consumer(deadLetterQueue, settings, ActivatorUtilities.CreateInstance<DeadLetterMonitor>(services, queue.Settings, inbox),
            (connection, token) => topology.DeclareDeadLetterQueueAsync(connection, queue.Topology, token));
    }

    private QueueConsumer Consumer(string queue, QueueSettings settings, IDeliveryProcessor processor, Func<IConnection, CancellationToken, Task> declare) =>
        ActivatorUtilities.CreateInstance<QueueConsumer>(services, queue, settings, processor, connections.Consuming, declare);

    private Task RunAsync(QueueConsumer consumer, Task ready) => Task.Run(
        async () =>
        {
            try
            {
                await Task.WhenAll(ApplicationStartedAsync(), ready).WaitAsync(_stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await consumer.RunAsync(_stopping.Token, _givingUp.Token);
            }
            catch (Exception exception)
            {
                LogMessages.BackgroundWorkEnded(logger, $"consumer of {consumer.Queue}", exception);
                lifetime.StopApplication();
            }
        }, CancellationToken.None);

    private Task ApplicationStartedAsync()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lifetime.ApplicationStarted.Register(started.SetResult);
        return started.Task;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelQuietlyAsync();
        await using var limit = cancellationToken.Register(_givingUp.CancelQuietly);
        await _running;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
