using System.Globalization;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using ReliableMq.Diagnostics;

namespace ReliableMq.Broker;

/// <summary>
/// One channel with publisher confirms of our own: <c>mandatory</c> always, a sliding window, returns
/// matched by a header unique to each publish. Outcomes are told on the connection's read loop, so the
/// receiver of them must only hand them on.
/// </summary>
internal sealed class PublishChannel<T> : IAsyncDisposable
{
    private readonly IChannel _channel;
    private readonly ConfirmWindow<T> _window;
    private readonly SemaphoreSlim _free;
    private readonly Action<T, PublishOutcome> _completed;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PublishChannel(IChannel channel, int maxUnconfirmed, Action<T, PublishOutcome> completed, TimeProvider time)
    {
        _channel = channel;
        _window = new ConfirmWindow<T>(maxUnconfirmed);
        _free = new SemaphoreSlim(maxUnconfirmed);
        _completed = completed;
        _time = time;
        channel.BasicAcksAsync += OnAck;
        channel.BasicNacksAsync += OnNack;
        channel.BasicReturnAsync += OnReturn;
        channel.ChannelShutdownAsync += OnShutdown;
    }

    /// <exception cref="ReliableMqException">The broker did not answer. Unless it blocks publishers the connection is given up.</exception>
    public static async Task<PublishChannel<T>> OpenAsync(
        BrokerConnection broker, IConnection connection, int maxUnconfirmed, Action<T, PublishOutcome> completed, TimeProvider time, CancellationToken cancellationToken)
    {
        // The client's own tracking costs a task and a dictionary entry a message and hides the return's reason. No token: a
        // call that is given up costs one of the connection's 2047 numbers.
        var opening = connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: false), CancellationToken.None);
        try
        {
            return new PublishChannel<T>(await opening.WaitAsync(cancellationToken), maxUnconfirmed, completed, time);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _ = CloseLateAsync(broker, connection, opening);
            throw;
        }
        catch (OperationCanceledException exception)
        {
            GiveUp(broker, connection);
            throw new ReliableMqException("The broker opened no channel in time.", exception);
        }
    }

    private static async Task CloseLateAsync(BrokerConnection broker, IConnection connection, Task<IChannel> opening)
    {
        try
        {
            await using var channel = await opening;
        }
        catch (OperationCanceledException)
        {
            GiveUp(broker, connection);
        }
        catch (Exception)
        {
            // The connection has ended, and the channel with it.
        }
    }

    /// <summary>The client never gives the number of a channel back that was not opened. A broker that blocks publishers opens none.</summary>
    private static void GiveUp(BrokerConnection broker, IConnection connection)
    {
        if (broker.Blocked is null && connection.IsOpen)
        {
            broker.Abandon(connection, "a channel was not opened in time");
        }
    }

    public bool IsOpen => _channel.IsOpen;

    /// <summary>Completes when the channel has closed, after every outcome was told.</summary>
    public Task Closed => _closed.Task;

    /// <summary>Why it closed.</summary>
    public ShutdownEventArgs? CloseReason => _channel.CloseReason;

    public int Outstanding
    {
        get
        {
            lock (_gate)
            {
                return _window.Outstanding;
            }
        }
    }

    /// <summary>How long the oldest unconfirmed publish has waited.</summary>
    public TimeSpan OldestAge
    {
        get
        {
            lock (_gate)
            {
                return _window.OldestSentAt is { } sentAt ? _time.GetElapsedTime(sentAt) : TimeSpan.Zero;
            }
        }
    }

    /// <summary>Waits for a place in the window. Follow with exactly one <see cref="PublishAsync"/>.</summary>
    public Task ReserveAsync(CancellationToken cancellationToken) => _free.WaitAsync(cancellationToken);

    /// <summary>Gives back a reserved place that is not used.</summary>
    public void Unreserve() => _free.Release();

    /// <summary>
    /// Publishes in the reserved place. The outcome is told exactly once, and nothing is thrown. No token goes
    /// into the client's call, because a cancelled publish breaks its bookkeeping. One caller at a time.
    /// </summary>
    public async ValueTask PublishAsync(T item, string exchange, string routingKey, BasicProperties properties, ReadOnlyMemory<byte> body, TimeSpan timeout)
    {
        ulong sequence = 0;
        lock (_gate)
        {
            if (!_closed.Task.IsCompleted)
            {
                sequence = _window.Add(item, _time.GetTimestamp());
            }
        }

        if (sequence == 0)
        {
            _free.Release();
            _completed(item, new(PublishResult.Lost, "The channel was closed."));
            return;
        }

        try
        {
            (properties.Headers ??= new Dictionary<string, object?>())[MessageHeaders.PublishSequence] = (long)sequence;
            var publishing = _channel.BasicPublishAsync(exchange, routingKey, mandatory: true, properties, body, CancellationToken.None);
            if (!publishing.IsCompletedSuccessfully)
            {
                // RabbitMQ.Client 7.1.2 may leave a publish that waits for room in its buffer waiting when the connection ends
                // (https://github.com/rabbitmq/rabbitmq-dotnet-client/issues/1930).
                var published = publishing.AsTask();
                await await Task.WhenAny(published, _closed.Task).WaitAsync(timeout, _time);
                IsHung = !published.IsCompleted && _channel.IsOpen;
            }

            CrashPoint.Here("after publish, before confirm");
        }
        catch (TimeoutException)
        {
            // The client's write buffer is full and nobody empties it: the connection hangs.
            IsHung = true;
            FailAll((_, _) => new(PublishResult.Lost, "The connection took no more bytes."));
        }
        catch (Exception exception)
        {
            // Where the channel is closed its shutdown tells the outcome; an error of this very publish leaves
            // the numbering in doubt, so the channel ends here.
            var refused = _channel.IsOpen;
            FailAll((other, _) => refused && Equals(other, item)
                ? new(PublishResult.Refused, $"The message cannot be published: {exception.Message}")
                : new(refused ? PublishResult.Lost : PublishResult.Suspect, exception.Message));
        }
    }

    /// <summary>Whether the connection has stopped taking bytes and should be abandoned.</summary>
    public bool IsHung { get; private set; }

    private Task OnAck(object sender, BasicAckEventArgs ack)
    {
        Complete(ack.DeliveryTag, ack.Multiple, acked: true);
        return Task.CompletedTask;
    }

    private Task OnNack(object sender, BasicNackEventArgs nack)
    {
        Complete(nack.DeliveryTag, nack.Multiple, acked: false);
        return Task.CompletedTask;
    }

    private Task OnReturn(object sender, BasicReturnEventArgs returned)
    {
        if (returned.BasicProperties.Headers is { } headers
            && headers.TryGetValue(MessageHeaders.PublishSequence, out var value) && value is long sequence)
        {
            var reason = string.Create(CultureInfo.InvariantCulture,
                $"The broker returned the message: {returned.ReplyCode} {returned.ReplyText} (exchange \"{returned.Exchange}\", routing key \"{returned.RoutingKey}\").");
            lock (_gate)
            {
                _window.Return((ulong)sequence, reason);
            }
        }

        return Task.CompletedTask;
    }

    private void Complete(ulong tag, bool multiple, bool acked)
    {
        var completed = new List<(T Item, PublishOutcome Outcome)>();
        lock (_gate)
        {
            _window.Complete(tag, multiple, acked, completed);
        }

        Tell(completed);
    }

    private Task OnShutdown(object sender, ShutdownEventArgs reason)
    {
        FailAll((_, _) => new(PublishResult.Suspect, $"The channel closed: {reason.ReplyText}"));
        return Task.CompletedTask;
    }

    /// <summary>Ends all that is outstanding; those older than the timeout have timed out, the others are lost.</summary>
    public void Abandon(TimeSpan confirmTimeout) =>
        FailAll((_, sentAt) => _time.GetElapsedTime(sentAt) >= confirmTimeout
            ? new(PublishResult.TimedOut, $"No confirm from the broker within {confirmTimeout.TotalSeconds:0.###} seconds.")
            : new(PublishResult.Lost, "The channel was abandoned because another message got no confirm."));

    private void FailAll(Func<T, long, PublishOutcome> outcomeOf)
    {
        var completed = new List<(T Item, PublishOutcome Outcome)>();
        lock (_gate)
        {
            _closed.TrySetResult();
            _window.Fail(outcomeOf, completed);
        }

        Tell(completed);
    }

    private void Tell(List<(T Item, PublishOutcome Outcome)> completed)
    {
        foreach (var (item, outcome) in completed)
        {
            _completed(item, outcome);
        }

        if (completed.Count > 0)
        {
            _free.Release(completed.Count);
        }
    }

    public async ValueTask DisposeAsync()
    {
        FailAll((_, _) => new(PublishResult.Lost, "The channel was closed."));
        // Closing a channel over a dead socket may hang; the connection's end closes it in any case.
        await _channel.CloseAsync(Constants.ReplySuccess, "done", abort: true, CancellationToken.None)
            .WaitAsync(TimeSpan.FromSeconds(5), _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _free.Dispose();
    }
}
