using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Broker.Topology;
using ReliableMq.Outbox;

namespace ReliableMq.Dispatching;

/// <summary>Publishes at once, over a confirming channel shared by all callers.</summary>
internal sealed class MessagePublisher(
    BrokerConnections connections, TopologyDeclarer topology, MessageFactory factory, ReliableMqOptions options, TimeProvider time)
    : IMessagePublisher, IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly HashSet<string> _declared = [];
    private PublishChannel<TaskCompletionSource<PublishOutcome>>? _channel;

    public async Task PublishAsync(object message, MessageOptions? messageOptions = null, CancellationToken cancellationToken = default)
    {
        var created = Create(message, messageOptions);
        var answer = await SendAsync(created, cancellationToken);
        PublishOutcome outcome;
        try
        {
            outcome = await answer.Task.WaitAsync(options.Broker.ConfirmTimeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            outcome = new(PublishResult.TimedOut, $"No confirm from the broker within {options.Broker.ConfirmTimeout.TotalSeconds:0.###} seconds.");
        }

        var what = $"The message \"{created.Name}\" {created.MessageId}";
        switch (outcome.Result)
        {
            case PublishResult.Confirmed:
                return;
            case PublishResult.Returned:
                throw new MessageReturnedException($"{what} reached no queue. {outcome.Reason} Bind a queue, or publish it later.");
            case PublishResult.Nacked:
                throw new MessageNackedException($"{what} was not taken. {outcome.Reason} Look for a full queue with \"reject-publish\", and publish it later.");
            case PublishResult.Refused:
                throw new ReliableMqException($"{what} cannot be published. {outcome.Reason}");
            default:
                throw new MessageUnconfirmedException($"{what} may or may not arrive. {outcome.Reason} Publish it again with the same message id.");
        }
    }

    public async Task PublishAndMayBeLostAsync(object message, MessageOptions? messageOptions = null, CancellationToken cancellationToken = default) =>
        await SendAsync(Create(message, messageOptions), cancellationToken);

    private OutboxMessage Create(object message, MessageOptions? messageOptions)
    {
        ArgumentNullException.ThrowIfNull(message);
        var option = messageOptions switch
        {
            { DeliverAt: not null } => nameof(MessageOptions.DeliverAt),
            { DeliverAfter: not null } => nameof(MessageOptions.DeliverAfter),
            { OrderingKey: not null } => nameof(MessageOptions.OrderingKey),
            _ => null,
        };
        return option is null
            ? factory.Create(message, messageOptions)
            : throw new ReliableMqException($"{option} needs a place for the message to wait. Add it to an outbox, or publish it without {option}.");
    }

    /// <summary>Publishes in the caller's turn; the answer comes later.</summary>
    private async Task<TaskCompletionSource<PublishOutcome>> SendAsync(OutboxMessage message, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<PublishOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var (connection, channel) = await PrepareAsync(message.Exchange, cancellationToken);
            await channel.ReserveAsync(cancellationToken);
            await channel.PublishAsync(answer, message.Exchange, message.RoutingKey, Publishing.PropertiesOf(message, options.Service, time.GetUtcNow()), message.Body, options.Broker.ConfirmTimeout);
            if (channel.IsHung && connections.Publishing.Blocked is null)
            {
                connections.Publishing.Abandon(connection, "a publish took no bytes in time");
            }
        }
        finally
        {
            _turn.Release();
        }

        return answer;
    }

    /// <summary>A connection that is lost before anything was published is waited for anew.</summary>
    private async Task<(IConnection Connection, PublishChannel<TaskCompletionSource<PublishOutcome>> Channel)> PrepareAsync(string exchange, CancellationToken cancellationToken)
    {
        while (true)
        {
            var connection = await connections.Publishing.GetAsync(cancellationToken);
            try
            {
                var channel = await OpenAsync(connection, cancellationToken);
                if (_declared.Add(exchange))
                {
                    await topology.DeclareExchangeAsync(connection, exchange, cancellationToken);
                }

                return (connection, channel);
            }
            catch (Exception) when (!connection.IsOpen && !cancellationToken.IsCancellationRequested)
            {
                _declared.Clear();
            }
            catch
            {
                _declared.Remove(exchange);
                throw;
            }
        }
    }

    private async Task<PublishChannel<TaskCompletionSource<PublishOutcome>>> OpenAsync(IConnection connection, CancellationToken cancellationToken)
    {
        if (_channel is { IsOpen: true, Closed.IsCompleted: false } open && open.OldestAge < options.Broker.ConfirmTimeout)
        {
            return open;
        }

        if (_channel is not null)
        {
            // Its oldest publish has no answer: with a full window of those it would never take another.
            await _channel.DisposeAsync();
            _channel = null;
        }

        _declared.Clear();
        return _channel = await PublishChannel<TaskCompletionSource<PublishOutcome>>.OpenAsync(
            connection, options.Outbox.MaxUnconfirmed, static (answer, outcome) => answer.TrySetResult(outcome), time, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_channel is not null)
        {
            await _channel.DisposeAsync();
        }

        _turn.Dispose();
    }
}
