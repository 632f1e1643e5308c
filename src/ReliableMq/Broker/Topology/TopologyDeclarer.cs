using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using ReliableMq.Diagnostics;

namespace ReliableMq.Broker.Topology;

/// <summary>
/// Declares what is missing on the broker and reports what differs. It never deletes or replaces. Every
/// declaration has a channel of its own, because a refused one closes its channel.
/// </summary>
internal sealed class TopologyDeclarer(ILogger<TopologyDeclarer> logger)
{
    public Task DeclareExchangeAsync(IConnection connection, string exchange, CancellationToken cancellationToken) =>
        // The default exchange always exists and may not be declared.
        exchange.Length == 0
            ? Task.CompletedTask
            : DeclareAsync(connection, $"exchange \"{exchange}\"",
                channel => channel.ExchangeDeclareAsync(exchange, ExchangeType.Topic, durable: true, autoDelete: false, cancellationToken: cancellationToken),
                cancellationToken);

    public async Task DeclareAsync(IConnection connection, QueueTopology topology, CancellationToken cancellationToken)
    {
        // The dead-letter queue comes first: from the first delivery on there is a place for what fails.
        await DeclareQueueAsync(connection, topology.DeadLetterQueue, QueueTopology.DeadLetterArguments, cancellationToken);
        await DeclareQueueAsync(connection, topology.Queue, topology.Arguments, cancellationToken);
        foreach (var exchange in topology.Bindings.Select(binding => binding.Exchange).Distinct())
        {
            await DeclareExchangeAsync(connection, exchange, cancellationToken);
        }

        foreach (var (exchange, routingKey) in topology.Bindings)
        {
            await DeclareAsync(connection, $"binding \"{exchange}\" -> \"{topology.Queue}\" ({routingKey})",
                channel => channel.QueueBindAsync(topology.Queue, exchange, routingKey, cancellationToken: cancellationToken),
                cancellationToken);
        }
    }

    private Task DeclareQueueAsync(IConnection connection, string queue, Dictionary<string, object?> arguments, CancellationToken cancellationToken) =>
        DeclareAsync(connection, $"queue \"{queue}\"",
            channel => channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancellationToken),
            cancellationToken);

    private async Task DeclareAsync(IConnection connection, string what, Func<IChannel, Task> declare, CancellationToken cancellationToken)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        try
        {
            await declare(channel);
        }
        catch (OperationInterruptedException exception) when (exception.ShutdownReason?.ReplyCode == Constants.PreconditionFailed)
        {
            // It exists with other properties: it is used as it is, and the operator decides.
            LogMessages.TopologyDiffers(logger, what, exception.ShutdownReason.ReplyText);
        }
    }
}
