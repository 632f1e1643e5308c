using System.Collections.Concurrent;
using System.Text.Json;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using ReliableMq.Broker;
using ReliableMq.Broker.Topology;
using ReliableMq.Diagnostics;
using ReliableMq.Outbox;

namespace ReliableMq.Dispatching;

/// <summary>Publishes one held row: its exchange exists, its trace goes on, its properties are set.</summary>
internal sealed class RowPublisher(TopologyDeclarer topology, OutboxTable table, ReliableMqOptions options)
{
    private readonly ConcurrentDictionary<(IConnection, string), bool> _declared = new();

    /// <summary>Forgets what was declared, because an exchange may have been deleted.</summary>
    public void ForgetDeclared() => _declared.Clear();

    /// <summary>Makes sure that the row's exchange exists and that its properties can be sent.</summary>
    /// <returns>What to publish, or why this row cannot be.</returns>
    public async ValueTask<(PreparedRow? Prepared, PublishOutcome Refusal)> PrepareAsync(IConnection connection, HeldRow held, CancellationToken cancellationToken)
    {
        var row = held.Row;
        try
        {
            await DeclareOnceAsync(connection, row.Exchange, cancellationToken);
            var properties = Publishing.PropertiesOf(row, options.Service);
            // As JSON nothing takes less than a sixth of that.
            if (row.Headers?.Length > HeaderSize.Max / 6 && HeaderSize.Of(properties.Headers!) is var size and > HeaderSize.Max)
            {
                return (null, new(PublishResult.Refused, $"The headers take {size} bytes; the broker closes the connection over so many."));
            }

            return (row.Body ?? await table.ReadBodyAsync(row.Id, cancellationToken)) is { } body
                ? (new PreparedRow(held, properties, body), default)
                : (null, new(PublishResult.Lost, "The row is gone."));
        }
        catch (ReliableMqException exception)
        {
            // Missing, or not to be declared: a matter of the destination.
            return (null, new(PublishResult.Returned, exception.Message));
        }
        catch (OperationInterruptedException exception) when (connection.IsOpen)
        {
            return (null, ProtocolErrors.Refusal(exception.ShutdownReason, $"The exchange \"{row.Exchange}\" cannot be declared"));
        }
        catch (PostgresException exception) when (DispatchRules.IsRefusal(exception.SqlState))
        {
            return (null, new(PublishResult.Refused, $"The stored body cannot be read: {exception.MessageText}"));
        }
        catch (Exception exception) when (exception is FormatException or JsonException or OverflowException or ArgumentException)
        {
            return (null, new(PublishResult.Refused, $"The stored headers cannot be read: {exception.Message}"));
        }
    }

    private async ValueTask DeclareOnceAsync(IConnection connection, string exchange, CancellationToken cancellationToken)
    {
        if (!_declared.ContainsKey((connection, exchange)))
        {
            await topology.DeclareExchangeAsync(connection, exchange, cancellationToken);
            _declared.TryAdd((connection, exchange), true);
        }
    }

    /// <summary>Publishes in a reserved place of the channel's window.</summary>
    public async ValueTask PublishAsync(PublishChannel<HeldRow> channel, PreparedRow prepared)
    {
        var row = prepared.Held.Row;
        using var activity = Telemetry.StartSend(row);
        if ((activity?.Id ?? row.TraceParent) is { } traceParent)
        {
            prepared.Properties.Headers![MessageHeaders.TraceParent] = traceParent;
        }

        await channel.PublishAsync(prepared.Held, row.Exchange, row.RoutingKey, prepared.Properties, prepared.Body, options.Broker.ConfirmTimeout);
    }
}

/// <summary>A row with what it is published with.</summary>
internal sealed record PreparedRow(HeldRow Held, BasicProperties Properties, byte[] Body);
