using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Broker;
using ReliableMq.Broker.Topology;
using ReliableMq.Handling;

namespace ReliableMq;

/// <summary>
/// What the broker knows of queues, for tools: by the management plugin where <c>Broker:ManagementUrl</c> is set, else
/// what AMQP tells, over the connection of this process and in its virtual host.
/// </summary>
public sealed class BrokerQueues : IDisposable
{
    private readonly HandlerRegistry _registry;
    private readonly BrokerConnections _connections;
    private readonly TopologyState _topology;
    private readonly ManagementClient? _management;

    internal BrokerQueues(ReliableMqOptions options, HandlerRegistry registry, BrokerConnections connections, TopologyState topology, IBrokerCredentialsProvider credentials)
    {
        (_registry, _connections, _topology) = (registry, connections, topology);
        _management = options.Broker.ManagementUrl is { } url ? new ManagementClient(options.Broker, url, credentials) : null;
    }

    /// <summary>Those of this process; null without <c>AddReliableMq</c>.</summary>
    /// <param name="services">The application's.</param>
    public static BrokerQueues? Of(IServiceProvider services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.GetService<BrokerQueues>();
    }

    /// <summary>Asks for a queue.</summary>
    /// <param name="queue">Its name.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    /// <returns>Null where the broker has no such queue, or there is no connection.</returns>
    public async Task<BrokerQueue?> FindAsync(string queue, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        if (await AskAsync(queue, cancellationToken) is not { } found)
        {
            return null;
        }

        var dead = _registry.Queues.FirstOrDefault(known => known.Topology.Queue == queue)?.Topology.DeadLetterQueue;
        return found with
        {
            InDeadLetterQueue = dead is null ? null : (await AskAsync(dead, cancellationToken))?.Ready,
            Differences = dead is null || _topology.Current is not { } compared
                ? null : [.. compared.Differences.Select(difference => difference.ToString()).Where(text => text.Contains($"\"{queue}\"", StringComparison.Ordinal))],
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _management?.Dispose();

    private async Task<BrokerQueue?> AskAsync(string queue, CancellationToken cancellationToken)
    {
        if (_management is not null)
        {
            return await _management.NumbersAsync(queue, Read, cancellationToken);
        }

        // A service without consumers has no other connection; on a blocked one no question is answered.
        var connection = _registry.Queues.Count > 0 ? _connections.Consuming : _connections.Publishing;
        if (!connection.IsOpen || connection.Blocked is not null)
        {
            return null;
        }

        RabbitMQ.Client.QueueDeclareOk? answer = null;
        await TopologyProbe.AskAsync(await connection.GetAsync(cancellationToken), async channel => answer = await channel.QueueDeclarePassiveAsync(queue, cancellationToken), cancellationToken);
        return answer is null ? null : new BrokerQueue { Ready = answer.MessageCount, Consumers = answer.ConsumerCount };
    }

    private static BrokerQueue Read(JsonElement queue)
    {
        var facts = QueueFacts.Read(queue);
        return new BrokerQueue
        {
            Ready = Number(queue, "messages_ready") ?? 0,
            Unacked = Number(queue, "messages_unacknowledged") ?? 0,
            Consumers = Number(queue, "consumers") ?? 0,
            PublishRate = Rate(queue, "publish_details"),
            DeliverRate = Rate(queue, "deliver_get_details"),
            AckRate = Rate(queue, "ack_details"),
            Policy = facts.Policy,
            Arguments = facts.Arguments,
        };
    }

    private static long? Number(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.TryGetInt64(out var number) ? number : null;

    /// <summary>One that was never used has no statistics.</summary>
    private static double Rate(JsonElement queue, string name) =>
        queue.TryGetProperty("message_stats", out var stats) && stats.TryGetProperty(name, out var details) && details.TryGetProperty("rate", out var rate) && rate.TryGetDouble(out var number) ? number : 0;
}

/// <summary>What the broker knows of a queue. The management plugin's numbers are some seconds old.</summary>
public sealed record BrokerQueue
{
    /// <summary>Messages that wait to be delivered.</summary>
    public required long Ready { get; init; }

    /// <summary>Messages that are delivered and not acked; null by AMQP.</summary>
    public long? Unacked { get; init; }

    /// <summary>How many consume it, of all processes.</summary>
    public required long Consumers { get; init; }

    /// <summary>Messages a second that come in; null by AMQP.</summary>
    public double? PublishRate { get; init; }

    /// <summary>Messages a second that go out; null by AMQP.</summary>
    public double? DeliverRate { get; init; }

    /// <summary>Messages a second that are acked; null by AMQP.</summary>
    public double? AckRate { get; init; }

    /// <summary>Messages that wait in its dead-letter queue; null where this process does not consume the queue.</summary>
    public long? InDeadLetterQueue { get; init; }

    /// <summary>The policies in force; null where there is none, or by AMQP.</summary>
    public string? Policy { get; init; }

    /// <summary>Its arguments, its type among them; none by AMQP.</summary>
    public IReadOnlyDictionary<string, string> Arguments { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// What differs from what this process needs, by its last look, each with the remedy. Null where nothing was compared:
    /// this process does not consume the queue, has not looked yet, or does not with <see cref="TopologyMode.None"/>.
    /// </summary>
    public IReadOnlyList<string>? Differences { get; init; }
}
