using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Broker.Topology;
using ReliableMq.Diagnostics;
using ReliableMq.Outbox;
using ReliableMq.Storage;
using ReliableMq.Timing;

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
    private readonly OutboxIntake _intake;
    private readonly ChannelWatch _watch;
    private readonly Destinations _destinations;
    private readonly Recovery _recovery;

    public OutboxDispatcher(
        ServiceDatabase database, BrokerConnections connections, TopologyDeclarer topology, ReliableMqMetrics metrics,
        TimeProvider time, QuietLogger<OutboxDispatcher> logger)
    {
        _database = database;
        _options = database.Options;
        _connection = connections.Publishing;
        _time = time;
        _logger = logger;
        _table = new OutboxTable(database);
        _publisher = new RowPublisher(topology, _table, _options);
        _intake = new OutboxIntake(database, _table, time);
        _watch = new ChannelWatch(_connection, _options, time, logger);
        _destinations = new Destinations(time);
        _recovery = new Recovery(_table, RunSoon, database.Name, time, logger);
        _recorder = new OutcomeRecorder(_table, _intake.Keys, _destinations, _recovery.Add, _options.Outbox, metrics, _intake.PollWithin, time, logger);
        _quarantine = new Quarantine(_connection, _publisher, _recorder, _options.Broker.ConfirmTimeout, time, logger);
    }

    public OutboxTable Table => _table;

    /// <summary>Runs until stopping, then waits for confirms still outstanding and gives back what it holds.</summary>
    /// <param name="stopping">No new work is taken.</param>
    /// <param name="givingUp">The host waits no longer.</param>
    public async Task RunAsync(CancellationToken stopping, CancellationToken givingUp)
    {
        await _database.Ready.WaitAsync(stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (stopping.IsCancellationRequested || _database.Sender != _database)
        {
            return;
        }

        var recording = _recorder.RunAsync(givingUp);
        var quarantining = _quarantine.RunAsync(stopping);
        var recovering = _recovery.RunAsync(stopping);
        await DispatchAsync(stopping, givingUp);
        await quarantining;
        await recovering;
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
                LogMessages.DispatchFailed(_logger, _database.Name, delay, exception);
                await Task.Delay(delay, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>The resend: asks for due rows at once, whatever the poll believes.</summary>
    public void RunSoon() => _intake.PollAll();

    /// <summary>Tries destinations again whose pauses are not over.</summary>
    public void ForgetPauses() => _destinations.Forget();

    private async Task DispatchOnAsync(IConnection connection, CancellationToken stopping, CancellationToken givingUp)
    {
        await using var channel = await PublishChannel<HeldRow>.OpenAsync(
            _connection, connection, _options.Outbox.MaxUnconfirmed, (held, outcome) => Completed(connection, held, outcome), _time, stopping);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var watching = _watch.RunAsync(channel, ended);
        try
        {
            _publisher.ForgetDeclared();
            RunSoon();
            while (!ended.IsCancellationRequested)
            {
                await WaitWhileBlockedAsync(ended.Token);
                await _intake.WaitAsync(ended.Token);
                // What was taken is not forgotten when the channel closes meanwhile: it is given back by PublishAsync.
                await PublishAsync(connection, channel, await _intake.TakeHandedOverAsync(stopping), ended.Token);
                await OfferAsync(stopping);
                var due = await TakeDueAsync(stopping);
                try
                {
                    await PublishAsync(connection, channel, due.Rows, ended.Token);
                }
                finally
                {
                    await _intake.TakeKeysAsync(due, stopping);
                }

                await PublishAsync(connection, channel, _intake.Keys.TakeReady(), ended.Token);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The channel closed or the host stops; both are handled below.
        }
        finally
        {
            // After an error of the database, too: what the broker has would be sent once more.
            await _watch.DrainAsync(channel, givingUp);
            await ended.CancelQuietlyAsync();
            await watching;
        }
    }

    private async Task<DueWork> TakeDueAsync(CancellationToken cancellationToken)
    {
        var refusing = _destinations.Refusing(Random.Shared.NextDouble());
        try
        {
            return await _intake.TakeDueAsync(refusing, cancellationToken);
        }
        finally
        {
            // One may have recovered, and called its rows back, before the last of them were set aside.
            foreach (var (destination, _) in refusing.Where(paused => !_destinations.IsPaused(paused.Destination)))
            {
                _recovery.Add(destination);
            }
        }
    }

    /// <summary>When a pause is over, one of the messages that were set aside is tried.</summary>
    private async Task OfferAsync(CancellationToken cancellationToken)
    {
        foreach (var destination in _destinations.Ended())
        {
            var (rows, keys) = await _table.HurryAsync(destination, Guid.Empty, limit: 1, cancellationToken);
            _destinations.Offered(destination, rows.Count + keys > 0);
            RunSoon();
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

    private async Task PublishAsync(IConnection connection, PublishChannel<HeldRow> channel, List<HeldRow> rows, CancellationToken cancellationToken)
    {
        var next = 0;
        try
        {
            for (; next < rows.Count; next++)
            {
                await WaitWhileBlockedAsync(cancellationToken);
                await WaitForRecorderAsync(cancellationToken);
                var held = rows[next];
                if (!held.IsUsable(_time))
                {
                    _recorder.Add(held.Row, new PublishOutcome(PublishResult.Lost, "Half of the lease passed before it could be published."));
                    continue;
                }

                if (held.Row.IsExpired)
                {
                    _recorder.Add(held.Row, new PublishOutcome(PublishResult.Expired));
                    continue;
                }

                if (_destinations.Refuse(new Destination(held.Row.Exchange, held.Row.RoutingKey), Random.Shared.NextDouble()) is { } setAside)
                {
                    _recorder.AddSetAside(held.Row, setAside);
                    continue;
                }

                var (prepared, refusal) = await _publisher.PrepareAsync(connection, held, cancellationToken);
                if (prepared is null)
                {
                    _recorder.Add(held.Row, refusal);
                    continue;
                }

                await channel.ReserveAsync(cancellationToken);
                if (!held.IsUsable(_time))
                {
                    channel.Unreserve();
                    _recorder.Add(held.Row, new PublishOutcome(PublishResult.Lost, "Half of the lease passed before it could be published."));
                    continue;
                }

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
                _recorder.Add(unpublished.Row, new PublishOutcome(PublishResult.Lost, "The channel closed before it was published."));
            }

            throw;
        }
    }

    /// <summary>Publishing on while no outcome can be recorded would send everything again and again.</summary>
    private async ValueTask WaitForRecorderAsync(CancellationToken cancellationToken)
    {
        while (_recorder.IsFull)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), _time, cancellationToken);
        }
    }

    private async ValueTask WaitWhileBlockedAsync(CancellationToken cancellationToken)
    {
        while (_connection.Blocked is not null)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), _time, cancellationToken);
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
            LogMessages.ReleaseFailed(_logger, _database.Name, exception);
        }
    }
}
