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
    private readonly OpenHandOvers _open;
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
        _open = new OpenHandOvers(_options.Outbox.Lease, time);
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
        await DispatchAsync(stopping, givingUp);
        await quarantining;
        _recorder.Complete();
        await recording;
        await ReleaseAllAsync(givingUp);
    }

    private async Task DispatchAsync(CancellationToken stopping, CancellationToken givingUp)
    {
        var failures = 0;
        while (!stopping.IsCancellationRequested)
        {
            var startedAt = _time.GetTimestamp();
            try
            {
                var connection = await _connection.GetAsync(stopping);
                // While the broker blocks publishers it does not even open a channel.
                await WaitWhileBlockedAsync(stopping);
                await DispatchOnAsync(connection, stopping, givingUp);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                failures = _time.GetElapsedTime(startedAt) > Backoff.Stable ? 1 : failures + 1;
                var delay = Backoff.Delay(failures, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5), Random.Shared.NextDouble());
                LogMessages.DispatchFailed(_logger, _database.ContextType.Name, delay, exception);
                await Task.Delay(delay, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>The resend: asks for due rows at once, whatever the poll believes.</summary>
    public void RunSoon() => PollWithin(TimeSpan.Zero);

    private void PollWithin(TimeSpan delay)
    {
        var at = TimestampIn(delay);
        for (var known = Volatile.Read(ref _nextPoll); at < known; known = Volatile.Read(ref _nextPoll))
        {
            if (Interlocked.CompareExchange(ref _nextPoll, at, known) == known)
            {
                // Wakes the loop, which then waits for the earlier time. When full, it is awake.
                _database.HandedOver.Writer.TryWrite(new HandOver([], HasScheduled: false));
                return;
            }
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
                await WaitForWorkAsync(ended.Token);
                var pollDue = await DispatchHandedOverAsync(connection, channel, ended.Token);
                if (pollDue || _time.GetTimestamp() >= Volatile.Read(ref _nextPoll))
                {
                    await DispatchDueAsync(connection, channel, ended.Token);
                }
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
        if (outcome.Result == PublishResult.Suspect && (connection.IsOpen || ProtocolErrors.Contains(connection.CloseReason)) && held.IsUsable(_time))
        {
            // An exchange may have been deleted: it is declared again before the suspects are sent.
            _publisher.ForgetDeclared();
            _quarantine.Add(held);
        }
        else
        {
            _recorder.Add(held.Row, outcome);
        }
    }

    /// <summary>Sends what this process has just committed.</summary>
    /// <returns>Whether a scheduled row was stored, whose time only the database knows.</returns>
    private async Task<bool> DispatchHandedOverAsync(IConnection connection, PublishChannel<HeldRow> channel, CancellationToken cancellationToken)
    {
        var ids = new List<Guid>();
        var hasScheduled = false;
        while (ids.Count < _options.Outbox.BatchSize && _database.HandedOver.Reader.TryRead(out var handedOver))
        {
            hasScheduled |= handedOver.HasScheduled;
            if (handedOver.MayBeOpen)
            {
                _open.Add(handedOver.Ids);
            }
            else
            {
                ids.AddRange(handedOver.Ids);
            }
        }

        ids.AddRange(_open.TakeDue());
        if (ids.Count > 0)
        {
            var askedAt = _time.GetTimestamp();
            var rows = await _table.ReadHandedOverAsync([.. ids], cancellationToken);
            _open.Looked(rows.Select(row => row.Id).ToHashSet());
            await PublishAsync(connection, channel, rows, askedAt, cancellationToken);
        }

        return hasScheduled;
    }

    /// <summary>Sends what is due, whoever left it.</summary>
    private async Task DispatchDueAsync(IConnection connection, PublishChannel<HeldRow> channel, CancellationToken cancellationToken)
    {
        var limit = _options.Outbox.BatchSize;
        var askedAt = _time.GetTimestamp();
        // Set before asking: an earlier wish that comes meanwhile is kept.
        Volatile.Write(ref _nextPoll, TimestampIn(_options.Outbox.PollInterval));
        var poll = await _table.PollAsync(limit, cancellationToken);
        PollWithin(DispatchRules.NextPoll(poll, limit, _options.Outbox.PollInterval));
        await PublishAsync(connection, channel, poll.Rows, askedAt, cancellationToken);
    }

    private async Task WaitForWorkAsync(CancellationToken cancellationToken)
    {
        var untilPoll = TimeSpan.FromSeconds((double)(Volatile.Read(ref _nextPoll) - _time.GetTimestamp()) / _time.TimestampFrequency);
        if (_open.Wait is { } untilLook && untilLook < untilPoll)
        {
            untilPoll = untilLook;
        }

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

    private async Task PublishAsync(IConnection connection, PublishChannel<HeldRow> channel, List<OutboxRow> rows, long askedAt, CancellationToken cancellationToken)
    {
        var next = 0;
        try
        {
            for (; next < rows.Count; next++)
            {
                await WaitWhileBlockedAsync(cancellationToken);
                await WaitForRecorderAsync(cancellationToken);
                var held = HeldRow.From(rows[next], askedAt, _options.Outbox.Lease, _time);
                if (!held.IsUsable(_time))
                {
                    _recorder.Add(held.Row, new PublishOutcome(PublishResult.Lost, "Half of the lease passed before it could be published."));
                    continue;
                }

                var (prepared, refusal) = await _publisher.PrepareAsync(connection, held, cancellationToken);
                if (prepared is null)
                {
                    _recorder.Add(held.Row, refusal);
                    continue;
                }

                await channel.ReserveAsync(cancellationToken);
                await _publisher.PublishAsync(channel, prepared);
                if (channel.IsHung && _connection.Blocked is null)
                {
                    _connection.Abandon(connection, "a publish took no bytes in time");
                }
            }
        }
        catch
        {
            // What was published tells its own outcome; the row at `next` was not yet.
            foreach (var unpublished in rows.Skip(next))
            {
                _recorder.Add(unpublished, new PublishOutcome(PublishResult.Lost, "The channel closed before it was published."));
            }

            throw;
        }
    }

    /// <summary>Publishing on while no outcome can be recorded would send everything again and again.</summary>
    private async ValueTask WaitForRecorderAsync(CancellationToken cancellationToken)
    {
        while (_recorder.IsFailing)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), _time, cancellationToken);
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

    private async ValueTask WaitWhileBlockedAsync(CancellationToken cancellationToken)
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
