using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using ReliableMq.Diagnostics;
using ReliableMq.Timing;

namespace ReliableMq.Receiving;

/// <summary>
/// One consumer on one channel, from <c>basic.consume</c> to the channel's end. Deliveries wait in memory
/// for a free handler; each is settled once, on the channel that brought it. In an ordered queue nothing goes back
/// by itself, because what follows would overtake it: it is tried again in place, or the session ends, and all
/// that is not settled goes back with its channel, in its order.
/// </summary>
internal sealed class ConsumerSession : IAsyncBasicConsumer
{
    private static readonly TimeSpan LastGrace = TimeSpan.FromSeconds(2);

    private readonly IChannel _channel;
    private readonly string _queue;
    private readonly IDeliveryProcessor _processor;
    private readonly QueueSettings _settings;
    private readonly SlotGate _slots;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DeliverySettler _settler;
    private readonly HoldBudget _holds;
    private readonly bool _isOrdered;
    private readonly KeyTurns _turns;
    private readonly CancellationTokenSource _ended = new();
    private readonly Channel<Delivery> _waiting = System.Threading.Channels.Channel.CreateUnbounded<Delivery>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Running _running = new();
    private readonly List<string> _consumerTags = [];
    private Task _settling = Task.CompletedTask;

    private ConsumerSession(IChannel channel, BrokerDelays? delays, string queue, QueueSettings settings, IDeliveryProcessor processor, SlotGate slots, TimeProvider time, ILogger logger)
    {
        _channel = channel;
        _queue = queue;
        _settings = settings;
        _processor = processor;
        _slots = slots;
        _time = time;
        _logger = logger;
        _settler = new DeliverySettler(channel);
        _holds = new HoldBudget(settings.Prefetch, delays);
        _isOrdered = settings.Order != QueueOrder.None;
        _turns = new KeyTurns(settings.Order);
    }

    public static async Task<ConsumerSession> OpenAsync(
        IConnection connection, string queue, QueueSettings settings, IDeliveryProcessor processor, SlotGate slots, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: false, publisherConfirmationTrackingEnabled: false, consumerDispatchConcurrency: 1),
            cancellationToken);
        var session = new ConsumerSession(channel, BrokerDelays.Of(connection, queue, settings, time, logger), queue, settings, processor, slots, time, logger);
        try
        {
            channel.ChannelShutdownAsync += session.OnShutdown;
            await channel.BasicQosAsync(0, (ushort)settings.Prefetch, global: false, cancellationToken);
            await channel.BasicConsumeAsync(queue, autoAck: false, consumerTag: "", noLocal: false, exclusive: false, arguments: null, session, cancellationToken);
            return session;
        }
        catch
        {
            await session.CloseAsync();
            throw;
        }
    }

    /// <summary>Why the session ended by itself.</summary>
    public string? EndReason { get; private set; }

    /// <summary>Whether the broker has cancelled it, usually because the queue is being deleted.</summary>
    public bool IsCancelled { get; private set; }

    /// <summary>Whether it ended because the database cannot be reached.</summary>
    public bool Paused { get; private set; }

    IChannel IAsyncBasicConsumer.Channel => _channel;

    /// <summary>Hands deliveries to handlers until the channel ends, the database is away, or it is asked to end.</summary>
    public async Task ConsumeAsync(CancellationToken asked, CancellationToken givingUp)
    {
        _settling = SettleAsync();
        await using var asking = asked.Register(_ended.CancelQuietly);
        try
        {
            await foreach (var delivery in _waiting.Reader.ReadAllAsync(_ended.Token))
            {
                if (_turns.TryTake(delivery) && await EnterAsync(delivery))
                {
                    _running.Add();
                    _ = _isOrdered ? HandleInTurnAsync(delivery, givingUp) : HandleAsync(delivery, givingUp);
                }
            }
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            // What waits and what runs is seen to by EndAsync.
        }
    }

    /// <summary>Waits for a free handler. A delivery that waited too long goes back, whether one becomes free or not.</summary>
    private async ValueTask<bool> EnterAsync(Delivery delivery)
    {
        var entered = false;
        try
        {
            entered = await _slots.EnterAsync(_settings.MaxWait - _time.GetElapsedTime(delivery.ReceivedTimestamp), _time, _ended.Token);
        }
        finally
        {
            if (!entered)
            {
                GiveBack(delivery.Tag);
            }
        }

        if (!entered)
        {
            LogMessages.WaitedTooLong(_logger, delivery, _settings.MaxWait);
        }

        return entered;
    }

    private void GiveBack(ulong tag)
    {
        if (_isOrdered)
        {
            End("a delivery has to go back to its ordered queue, and the others with it");
        }
        else
        {
            _settler.Settle(tag, SettlementKind.Requeue);
        }
    }

    /// <summary>A session that cannot settle must not go on taking deliveries.</summary>
    private async Task SettleAsync()
    {
        try
        {
            await _settler.RunAsync();
        }
        catch (Exception exception)
        {
            LogMessages.SettlingFailed(_logger, _queue, exception);
            End($"deliveries could not be settled: {exception.Message}");
        }
    }

    private async Task HandleAsync(Delivery delivery, CancellationToken givingUp)
    {
        var settlement = Settlement.Requeue;
        try
        {
            settlement = await ProcessAsync(delivery, givingUp);
            if (settlement is { Kind: SettlementKind.Requeue, Delay.Ticks: > 0 })
            {
                await HoldAsync(settlement.Delay);
            }
        }
        finally
        {
            _settler.Settle(delivery.Tag, settlement.Kind);
            _running.Remove();
        }
    }

    /// <summary>Handles a delivery of an ordered queue, and then those that have waited for its key.</summary>
    private async Task HandleInTurnAsync(Delivery first, CancellationToken givingUp)
    {
        try
        {
            for (var delivery = first; delivery is not null;)
            {
                var settlement = await ProcessAsync(delivery, givingUp);
                switch (settlement)
                {
                    case { Kind: SettlementKind.Ack or SettlementKind.DeadLetter }:
                        _settler.Settle(delivery.Tag, settlement.Kind);
                        delivery = _turns.Pass(delivery);
                        break;
                    case { IsRecorded: true }:
                        // What follows is parked, so it need not wait here.
                        _running.Add();
                        _ = HandleLaterAsync(delivery, settlement.Delay, givingUp);
                        delivery = _turns.Pass(delivery);
                        break;
                    case { Delay.Ticks: > 0 }:
                        await HoldAsync(settlement.Delay);
                        break;
                    default:
                        GiveBack(delivery.Tag);
                        return;
                }

                if (delivery is not null && !await EnterInTimeAsync(delivery))
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            // The delivery goes back with the channel.
        }
        finally
        {
            _running.Remove();
        }
    }

    /// <summary>Tries a failed delivery again after its delay, when it is the turn of its key.</summary>
    private async Task HandleLaterAsync(Delivery delivery, TimeSpan delay, CancellationToken givingUp)
    {
        var isRunning = false;
        try
        {
            await HoldAsync(delay);
            if (_turns.TryTake(delivery) && await EnterInTimeAsync(delivery))
            {
                isRunning = true;
                await HandleInTurnAsync(delivery, givingUp);
            }
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            // As above.
        }
        finally
        {
            if (!isRunning)
            {
                _running.Remove();
            }
        }
    }

    /// <summary>Whatever was tried before, an attempt begins within the same time of the receipt, or the delivery goes back.</summary>
    private async ValueTask<bool> EnterInTimeAsync(Delivery delivery)
    {
        if (_time.GetElapsedTime(delivery.ReceivedTimestamp) < _settings.MaxWait)
        {
            return await EnterAsync(delivery);
        }

        GiveBack(delivery.Tag);
        return false;
    }

    /// <summary>One attempt, which leaves its slot.</summary>
    private async Task<Settlement> ProcessAsync(Delivery delivery, CancellationToken givingUp)
    {
        // Leaves the pump's thread at once: a handler may run for long before it first awaits.
        await Task.Yield();
        try
        {
            var settlement = _ended.IsCancellationRequested ? Settlement.Requeue : await _processor.ProcessAsync(delivery, _holds, givingUp);
            if (settlement.Kind == SettlementKind.Pause)
            {
                Paused = true;
                End("the database cannot be reached");
            }

            return settlement;
        }
        catch (Exception exception)
        {
            // Processors do not throw; if one does, the delivery must not be lost or spin.
            LogMessages.ProcessingBroke(_logger, _queue, delivery.MessageId, exception);
            return _holds.Hold(TimeSpan.FromSeconds(5));
        }
        finally
        {
            _slots.Leave();
        }
    }

    /// <summary>Keeps a delivery unsettled for its delay, without a handler's slot. An ending session returns it at once.</summary>
    private async Task HoldAsync(TimeSpan delay)
    {
        await Task.Delay(delay, _time, _ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _holds.Return();
    }

    /// <summary>
    /// Takes no more, returns what waits, lets what runs finish and settles it. On a lost channel, too: nothing is
    /// settled there any more, but what a handler has begun is its effect, and the host must not stop under it.
    /// </summary>
    public async Task EndAsync(CancellationToken givingUp)
    {
        // A cancelled consumer makes room for another process, which would overtake what runs here.
        if (_channel.IsOpen && !_isOrdered)
        {
            await CancelAsync(givingUp);
        }

        _waiting.Writer.TryComplete();
        while (!_isOrdered && _waiting.Reader.TryRead(out var unstarted))
        {
            _settler.Settle(unstarted.Tag, SettlementKind.Requeue);
        }

        await _running.IdleAsync().WaitAsync(givingUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Handlers that were cancelled just now still give their deliveries back.
        await _running.IdleAsync().WaitAsync(LastGrace, _time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _settler.Complete();
        await _settling.WaitAsync(LastGrace, _time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CloseAsync();
    }

    private async Task CancelAsync(CancellationToken givingUp)
    {
        try
        {
            foreach (var tag in _consumerTags)
            {
                await _channel.BasicCancelAsync(tag, noWait: false, givingUp);
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogMessages.CancelFailed(_logger, _queue, exception);
        }
    }

    private void End(string reason)
    {
        EndReason ??= reason;
        _ended.CancelQuietly();
    }

    private Task OnShutdown(object sender, ShutdownEventArgs reason)
    {
        End(reason.ReplyText);
        return Task.CompletedTask;
    }

    public Task HandleBasicDeliverAsync(
        string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey,
        IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
    {
        var delivery = Delivery.From(_queue, deliveryTag, redelivered, exchange, routingKey, properties, body, _time);
        if (!_waiting.Writer.TryWrite(delivery))
        {
            GiveBack(deliveryTag);
        }

        return Task.CompletedTask;
    }

    public Task HandleBasicConsumeOkAsync(string consumerTag, CancellationToken cancellationToken = default)
    {
        _consumerTags.Add(consumerTag);
        return Task.CompletedTask;
    }

    public Task HandleBasicCancelOkAsync(string consumerTag, CancellationToken cancellationToken = default) => Task.CompletedTask;

    /// <summary>The queue was deleted, or its leader moved. The whole channel is given up: it may hold stale deliveries.</summary>
    public Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default)
    {
        IsCancelled = true;
        End("the broker cancelled the consumer; was the queue deleted?");
        return Task.CompletedTask;
    }

    public Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason) => Task.CompletedTask;

    private async Task CloseAsync()
    {
        End("closed");
        _settler.Complete();
        await _channel.CloseAsync(Constants.ReplySuccess, "done", abort: true, CancellationToken.None)
            .WaitAsync(TimeSpan.FromSeconds(5), _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
