using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using ReliableMq.Diagnostics;

namespace ReliableMq.Receiving;

/// <summary>
/// One consumer on one channel, from <c>basic.consume</c> to the channel's end. Deliveries wait in memory
/// for a free handler; each is settled once, on the channel that brought it.
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
    private readonly CancellationTokenSource _ended = new();
    private readonly Channel<Delivery> _waiting = System.Threading.Channels.Channel.CreateUnbounded<Delivery>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Running _running = new();
    private readonly List<string> _consumerTags = [];
    private Task _settling = Task.CompletedTask;

    private ConsumerSession(IChannel channel, string queue, QueueSettings settings, IDeliveryProcessor processor, SlotGate slots, TimeProvider time, ILogger logger)
    {
        _channel = channel;
        _queue = queue;
        _settings = settings;
        _processor = processor;
        _slots = slots;
        _time = time;
        _logger = logger;
        _settler = new DeliverySettler(channel);
        _holds = new HoldBudget(settings.Prefetch);
    }

    public static async Task<ConsumerSession> OpenAsync(
        IConnection connection, string queue, QueueSettings settings, IDeliveryProcessor processor, SlotGate slots, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: false, publisherConfirmationTrackingEnabled: false, consumerDispatchConcurrency: 1),
            cancellationToken);
        var session = new ConsumerSession(channel, queue, settings, processor, slots, time, logger);
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

    /// <summary>Whether it ended because the database cannot be reached.</summary>
    public bool Paused { get; private set; }

    IChannel IAsyncBasicConsumer.Channel => _channel;

    /// <summary>Hands deliveries to handlers until the channel ends, the database is away, or it is asked to end.</summary>
    public async Task ConsumeAsync(CancellationToken asked, CancellationToken givingUp)
    {
        _settling = SettleAsync();
        await using var asking = asked.Register(_ended.Cancel);
        try
        {
            await foreach (var delivery in _waiting.Reader.ReadAllAsync(_ended.Token))
            {
                if (await EnterAsync(delivery))
                {
                    _running.Add();
                    _ = HandleAsync(delivery, givingUp);
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
                _settler.Settle(delivery.Tag, SettlementKind.Requeue);
            }
        }

        if (!entered)
        {
            LogMessages.WaitedTooLong(_logger, delivery, _settings.MaxWait);
        }

        return entered;
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
        // Leaves the pump's thread at once: a handler may run for long before it first awaits.
        await Task.Yield();
        var settlement = Settlement.Requeue;
        try
        {
            if (!_ended.IsCancellationRequested)
            {
                settlement = await _processor.ProcessAsync(delivery, _holds, givingUp);
            }
        }
        catch (Exception exception)
        {
            // Processors do not throw; if one does, the delivery must not be lost or spin.
            LogMessages.ProcessingBroke(_logger, _queue, delivery.MessageId, exception);
            settlement = _holds.Hold(TimeSpan.FromSeconds(5));
        }
        finally
        {
            _slots.Leave();
        }

        try
        {
            if (settlement.Kind == SettlementKind.Pause)
            {
                Paused = true;
                End("the database cannot be reached");
            }

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
        if (_channel.IsOpen)
        {
            await CancelAsync(givingUp);
        }

        _waiting.Writer.TryComplete();
        while (_waiting.Reader.TryRead(out var unstarted))
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
        _ended.Cancel();
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
            _settler.Settle(deliveryTag, SettlementKind.Requeue);
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
