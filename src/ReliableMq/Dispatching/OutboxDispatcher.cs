using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Diagnostics;
using ReliableMq.Outbox;
using ReliableMq.Storage;

namespace ReliableMq.Dispatching;

/// <summary>
/// Sends one database's outbox: what this process has just committed, and what is due and held by nobody.
/// It publishes only what a statement has shown to exist and to be its own, and never inside an open
/// database transaction.
/// </summary>
internal sealed class OutboxDispatcher
{
    private readonly ServiceDatabase _database;
    private readonly BrokerConnection _connection;
    private readonly RowPublisher _publisher;
    private readonly OutboxTable _table;
    private readonly OutcomeRecorder _recorder;
    private readonly Quarantine _quarantine;
    private readonly ReliableMqOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private long _nextPoll;

    public OutboxDispatcher(
        ServiceDatabase database, BrokerConnections connections, TopologyDeclarer topology, ReliableMqMetrics metrics,
        TimeProvider time, ILogger<OutboxDispatcher> logger)
    {
        _database = database;
        _options = database.Options;
        _connection = connections.Publishing;
        _time = time;
        _logger = logger;
        _publisher = new RowPublisher(topology, _options);
        _table = new OutboxTable(database);
        _recorder = new OutcomeRecorder(_table, _options.Outbox, metrics, PollWithin, time, logger);
        _quarantine = new Quarantine(_connection, _publisher, _recorder, _options.Broker.ConfirmTimeout, time, logger);
    }

    public OutboxTable Table => _table;

    /// <summary>Runs until stopping, then waits for confirms still outstanding and gives back what it holds.</summary>
    /// <param name="stopping">No new work is taken.</param>
    /// <param name="givingUp">The host waits no longer.</param>
    public async Task RunAsync(CancellationToken stopping, CancellationToken givingUp)
    {
        await _database.Ready.WaitAsync(stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (stopping.IsCancellationRequested)
        {
            return;
        }

        var recording = _recorder.RunAsync(givingUp);
        var quarantining = _quarantine.RunAsync(stopping);
        var failures = 0;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var connection = await _connection.GetAsync(stopping);
                await DispatchOnAsync(connection, stopping, givingUp);
                failures = 0;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                var delay = Backoff.Delay(++failures, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5), Random.Shared.NextDouble());
                LogMessages.DispatchFailed(_logger, _database.ContextType.Name, delay, exception);
                await Task.Delay(delay, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await quarantining;
        _recorder.Complete();
        await recording;
        await ReleaseAllAsync(givingUp);
    }

    /// <summary>The resend: asks for due rows at once, whatever the poll believes.</summary>
    public void RunSoon() => PollWithin(TimeSpan.Zero);

    private void PollWithin(TimeSpan delay)
    {
        var at = TimestampIn(delay);
        if (at < Volatile.Read(ref _nextPoll))
        {
            Volatile.Write(ref _nextPoll, at);
            // Wakes the loop, which then waits for the earlier time. When full, it is awake.
            _database.HandedOver.Writer.TryWrite(new HandOver([], HasScheduled: false));
        }
    }

    private long TimestampIn(TimeSpan delay) => _time.GetTimestamp() + (long)(delay.TotalSeconds * _time.TimestampFrequency);

    private async Task DispatchOnAsync(IConnection connection, CancellationToken stopping, CancellationToken givingUp)
    {
        await using var channel = await PublishChannel<HeldRow>.OpenAsync(
            connection, _options.Outbox.MaxUnconfirmed, (held, outcome) => Completed(connection, held, outcome), _time, stopping);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var watching = WatchAsync(connection, channel, ended);
        try
        {
            _publisher.ForgetDeclared();
            PollWithin(TimeSpan.Zero);
            while (!ended.IsCancellationRequested)
            {
                await WaitWhileBlockedAsync(ended.Token);
                var rows = await TakeWorkAsync(ended.Token);
                await PublishAsync(connection, channel, rows, ended.Token);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The channel closed or the host stops; both are handled below.
        }
        finally
        {
            if (stopping.IsCancellationRequested)
            {
                await DrainAsync(channel, givingUp);
            }

            await ended.CancelAsync();
            await watching;
        }
    }

    private void Completed(IConnection connection, HeldRow held, PublishOutcome outcome)
    {
        if (outcome.Result == PublishResult.Suspect && connection.IsOpen && held.IsUsable(_time))
        {
            _quarantine.Add(held);
        }
        else
        {
            _recorder.Add(held.Row, outcome);
        }
    }

    private async Task<List<HeldRow>> TakeWorkAsync(CancellationToken cancellationToken)
    {
        await WaitForWorkAsync(cancellationToken);
        var ids = new List<Guid>();
        var pollDue = _time.GetTimestamp() >= Volatile.Read(ref _nextPoll);
        while (ids.Count < _options.Outbox.BatchSize && _database.HandedOver.Reader.TryRead(out var handedOver))
        {
            ids.AddRange(handedOver.Ids);
            pollDue |= handedOver.HasScheduled;
        }

        var askedAt = _time.GetTimestamp();
        var rows = new List<OutboxRow>();
        if (ids.Count > 0)
        {
            rows.AddRange(await _table.ReadHandedOverAsync([.. ids], cancellationToken));
        }

        if (pollDue)
        {
            var limit = _options.Outbox.BatchSize;
            var poll = await _table.PollAsync(limit, cancellationToken);
            var next = DispatchRules.NextPoll(poll, limit, _options.Outbox.PollInterval);
            Volatile.Write(ref _nextPoll, TimestampIn(next));
            rows.AddRange(poll.Rows);
        }

        return rows.ConvertAll(row => HeldRow.From(row, askedAt, _options.Outbox.Lease, _time));
    }

    private async Task WaitForWorkAsync(CancellationToken cancellationToken)
    {
        var untilPoll = TimeSpan.FromSeconds((double)(Volatile.Read(ref _nextPoll) - _time.GetTimestamp()) / _time.TimestampFrequency);
        if (untilPoll <= TimeSpan.Zero || _database.HandedOver.Reader.TryPeek(out _))
        {
            return;
        }

        using var timeout = new CancellationTokenSource(untilPoll, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await _database.HandedOver.Reader.WaitToReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Time to poll.
        }
    }

    private async Task PublishAsync(IConnection connection, PublishChannel<HeldRow> channel, List<HeldRow> rows, CancellationToken cancellationToken)
    {
        var next = 0;
        try
        {
            for (; next < rows.Count; next++)
            {
                var held = rows[next];
                if (!held.IsUsable(_time))
                {
                    _recorder.Add(held.Row, new PublishOutcome(PublishResult.Lost, "Half of the lease passed before it could be published."));
                }
                else if (await _publisher.PrepareAsync(connection, held, cancellationToken) is { } refused)
                {
                    _recorder.Add(held.Row, refused);
                }
                else
                {
                    await channel.ReserveAsync(cancellationToken);
                    await _publisher.PublishAsync(channel, held);
                    if (channel.IsHung)
                    {
                        _connection.Abandon(connection, "a publish took no bytes in time");
                    }
                }
            }
        }
        catch
        {
            // What was published tells its own outcome; the row at `next` was not yet.
            foreach (var unpublished in rows.Skip(next))
            {
                _recorder.Add(unpublished.Row, new PublishOutcome(PublishResult.Lost, "The channel closed before it was published."));
            }

            throw;
        }
    }

    /// <summary>Ends the channel when it closes, and when it has stopped answering.</summary>
    private async Task WatchAsync(IConnection connection, PublishChannel<HeldRow> channel, CancellationTokenSource ended)
    {
        var confirmTimeout = _options.Broker.ConfirmTimeout;
        using var timer = new PeriodicTimer(confirmTimeout / 10, _time);
        var token = ended.Token;
        try
        {
            while (!channel.Closed.IsCompleted)
            {
                var tick = timer.WaitForNextTickAsync(token).AsTask();
                await Task.WhenAny(tick, channel.Closed);
                token.ThrowIfCancellationRequested();
                // A blocked connection is not a failed publish: the broker answers when its alarm is over.
                if (_connection.Blocked is null && channel.OldestAge >= confirmTimeout)
                {
                    LogMessages.ConfirmsMissing(_logger, channel.Outstanding, confirmTimeout);
                    channel.Abandon(confirmTimeout);
                }
                else if (channel.OldestAge >= _options.Outbox.Lease / 2)
                {
                    channel.Abandon(TimeSpan.MaxValue);
                }
            }

            await ended.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // The dispatcher is done with this channel.
        }
    }

    private async Task WaitWhileBlockedAsync(CancellationToken cancellationToken)
    {
        while (_connection.Blocked is not null)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), _time, cancellationToken);
        }
    }

    private async Task DrainAsync(PublishChannel<HeldRow> channel, CancellationToken givingUp)
    {
        while (channel.Outstanding > 0 && !channel.Closed.IsCompleted && !givingUp.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), _time, givingUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReleaseAllAsync(CancellationToken givingUp)
    {
        try
        {
            await _table.ReleaseAllAsync(givingUp);
        }
        catch (Exception exception)
        {
            // The leases run out by themselves.
            LogMessages.ReleaseFailed(_logger, _database.ContextType.Name, exception);
        }
    }
}
