using System.Collections.Concurrent;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using ReliableMq.Broker;
using ReliableMq.Diagnostics;

namespace ReliableMq.Dispatching;

/// <summary>Publishes one held row: its exchange exists, its trace goes on, its properties are set.</summary>
internal sealed class RowPublisher(TopologyDeclarer topology, ReliableMqOptions options)
{
    private readonly ConcurrentDictionary<(IConnection, string), bool> _declared = new();

    /// <summary>Forgets what was declared, because an exchange may have been deleted.</summary>
    public void ForgetDeclared() => _declared.Clear();

    /// <summary>Makes sure that the row's exchange exists.</summary>
    /// <returns>Null when the row can be published; else why this row cannot.</returns>
    public async ValueTask<PublishOutcome?> PrepareAsync(IConnection connection, HeldRow held, CancellationToken cancellationToken)
    {
        var exchange = held.Row.Exchange;
        if (_declared.ContainsKey((connection, exchange)))
        {
            return null;
        }

        try
        {
            await topology.DeclareExchangeAsync(connection, exchange, cancellationToken);
        }
        catch (OperationInterruptedException exception) when (connection.IsOpen)
        {
            return new PublishOutcome(PublishResult.Refused, $"The exchange \"{exchange}\" cannot be declared: {exception.ShutdownReason?.ReplyText}");
        }

        _declared.TryAdd((connection, exchange), true);
        return null;
    }

    /// <summary>Publishes in a reserved place of the channel's window.</summary>
    public async ValueTask PublishAsync(PublishChannel<HeldRow> channel, HeldRow held)
    {
        var row = held.Row;
        using var activity = Telemetry.StartSend(row);
        var properties = Publishing.PropertiesOf(row, options.Service, activity?.Id ?? row.TraceParent);
        await channel.PublishAsync(held, row.Exchange, row.RoutingKey, properties, row.Body, options.Broker.ConfirmTimeout);
    }
}
