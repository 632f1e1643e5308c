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
internal sealed class ConsumerSession : IAsyncBasicConsumer, IAsyncDisposable
{
    private static readonly TimeSpan LastGrace = TimeSpan.FromSeconds(2);

    private readonly IChannel _channel;
    private readonly string _queue;
    private readonly IDeliveryProcessor _processor;
    private readonly SemaphoreSlim _slots;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DeliverySettler _settler;
    private readonly HoldBudget _holds;
    private readonly CancellationTokenSource _ended = new();
    private readonly Channel<Delivery> _waiting = System.Threading.Channels.Channel.CreateUnbounded<Delivery>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Running _running = new();
    private readonly List<string> _consumerTags = [];
    private Task _settling = Task.CompletedTask;

    private ConsumerSession(IChannel channel, string queue, QueueSettings settings, IDeliveryProcessor processor, SemaphoreSlim slots, TimeProvider time, ILogger logger)
    {
        _channel = channel;
        _queue = queue;
        _processor = processor;
        _slots = slots;
        _time = time;
        _logger = logger;
        _settler = new DeliverySettler(channel);
        _holds = new HoldBudget(settings.Prefetch);
    }

    public static async Task<ConsumerSession> OpenAsync(
        IConnection connection, string queue, QueueSettings settings, IDeliveryProcessor processor, SemaphoreSlim slots, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
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
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Why the session ended by itself.</summary>
    public string? EndReason { get; private set; }

    /// <summary>Whether it ended because the database cannot be reached.</summary>
    public bool Paused { get; private set; }

    IChannel IAsyncBasicConsumer.Channel => _channel;

    /// <summary>Handles deliveries until the channel ends, the database is away, or the host stops.</summary>
    public async Task RunAsync(CancellationToken stopping, CancellationToken givingUp)
    {
        _settling = SettleAsync();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, _ended.Token);
        try
        {
            await foreach (var delivery in _waiting.Reader.ReadAllAsync(either.Token))
            {
                try
                {
                    await _slots.WaitAsync(either.Token);
                }
                catch (OperationCanceledException)
                {
                    _settler.Settle(delivery.Tag, SettlementKind.Requeue);
                    throw;
                }

                _running.Add();
                _ = HandleAsync(delivery, stopping, givingUp);
            }
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            // Drained below.
        }

        if (_channel.IsOpen)
        {
            await DrainAsync(givingUp);
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

    private async Task HandleAsync(Delivery delivery, CancellationToken stopping, CancellationToken givingUp)
    {
        // Leaves the pump's thread at once: a handler may run for long before it first awaits.
        await Task.Yield();
        var settlement = Settlement.Requeue;
        try
        {
            if (!stopping.IsCancellationRequested && _time.GetElapsedTime(delivery.ReceivedTimestamp) < QueueSettings.MaxWait)
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
            _slots.Release();
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
                await HoldAsync(settlement.Delay, stopping);
            }
        }
        finally
        {
            _settler.Settle(delivery.Tag, settlement.Kind);
            _running.Remove();
        }
    }

    /// <summary>Keeps a delivery unsettled for its delay, without a handler's slot. An ending session returns it at once.</summary>
    private async Task HoldAsync(TimeSpan delay, CancellationToken stopping)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, _ended.Token);
        await Task.Delay(delay, _time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _holds.Return();
    }

    /// <summary>Takes no more, finishes what runs, returns the rest.</summary>
    private async Task DrainAsync(CancellationToken givingUp)
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

    public async ValueTask DisposeAsync()
    {
        End("closed");
        _settler.Complete();
        await _channel.CloseAsync(Constants.ReplySuccess, "done", abort: true, CancellationToken.None)
            .WaitAsync(TimeSpan.FromSeconds(5), _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
