using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Broker.Topology;
using ReliableMq.Timing;

namespace ReliableMq.Dispatching;

/// <summary>One confirming channel, shared by all who publish apart from an outbox.</summary>
internal sealed class ConfirmedPublisher(BrokerConnections connections, TopologyDeclarer topology, ReliableMqOptions options, TimeProvider time) : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly HashSet<string> _declared = [];
    private PublishChannel<TaskCompletionSource<PublishOutcome>>? _channel;

    /// <summary>Publishes and waits for the outcome.</summary>
    /// <param name="publish">What to publish.</param>
    /// <param name="cancellationToken">The message may arrive in spite of it.</param>
    public async Task<PublishOutcome> PublishAsync(Publish publish, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(publish, cancellationToken);
        try
        {
            return await answer.WaitAsync(options.Broker.ConfirmTimeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return TimedOut;
        }
    }

    private PublishOutcome TimedOut => new(PublishResult.TimedOut, $"No confirm from the broker within {options.Broker.ConfirmTimeout.TotalSeconds:0.###} seconds.");

    /// <summary>Publishes in the caller's turn; the outcome comes later.</summary>
    public async Task<Task<PublishOutcome>> SendAsync(Publish publish, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<PublishOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (!IsUsable(_channel) && connections.Publishing.Blocked is { } reason)
            {
                // It does not even open a channel now.
                answer.SetResult(new(PublishResult.TimedOut, $"The broker has blocked publishers: {reason}."));
                return answer.Task;
            }

            var (connection, channel) = await PrepareAsync(publish.Exchange, cancellationToken);
            if (!await ReserveAsync(channel, cancellationToken))
            {
                answer.SetResult(TimedOut);
                return answer.Task;
            }

            await channel.PublishAsync(answer, publish.Exchange, publish.RoutingKey, publish.Properties, publish.Body, options.Broker.ConfirmTimeout);
            if (channel.IsHung && connections.Publishing.Blocked is null)
            {
                connections.Publishing.Abandon(connection, "a publish took no bytes in time");
            }
        }
        finally
        {
            _turn.Release();
        }

        return answer.Task;
    }

    /// <summary>
    /// Where the broker confirms nothing of a full window, nothing more is published; whoever is next has a channel of
    /// its own, because the oldest publish on this one has had its time.
    /// </summary>
    private async Task<bool> ReserveAsync(PublishChannel<TaskCompletionSource<PublishOutcome>> channel, CancellationToken cancellationToken)
    {
        using var limit = new TimeLimit(options.Broker.ConfirmTimeout, time, cancellationToken);
        try
        {
            await channel.ReserveAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException) when (limit.IsReached && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
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
            catch (Exception) when (!connection.IsOpen)
            {
                _declared.Clear();
                cancellationToken.ThrowIfCancellationRequested();
            }
            catch
            {
                _declared.Remove(exchange);
                throw;
            }
        }
    }

    private bool IsUsable(PublishChannel<TaskCompletionSource<PublishOutcome>>? channel) =>
        channel is { IsOpen: true, Closed.IsCompleted: false } && channel.OldestAge < options.Broker.ConfirmTimeout;

    private async Task<PublishChannel<TaskCompletionSource<PublishOutcome>>> OpenAsync(IConnection connection, CancellationToken cancellationToken)
    {
        if (IsUsable(_channel))
        {
            return _channel!;
        }

        if (_channel is not null)
        {
            // Its oldest publish has no answer: with a full window of those it would never take another.
            await _channel.DisposeAsync();
            _channel = null;
        }

        _declared.Clear();
        return _channel = await PublishChannel<TaskCompletionSource<PublishOutcome>>.OpenAsync(
            connections.Publishing, connection, options.Outbox.MaxUnconfirmed, static (answer, outcome) => answer.TrySetResult(outcome), time, cancellationToken);
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

/// <summary>What is published, and where to.</summary>
internal sealed record Publish(string Exchange, string RoutingKey, BasicProperties Properties, ReadOnlyMemory<byte> Body);
