using Microsoft.Extensions.Logging;
using ReliableMq.Broker;
using ReliableMq.Diagnostics;
using ReliableMq.Dispatching;
using ReliableMq.Storage;
using ReliableMq.Timing;

namespace ReliableMq.Alerting;

/// <summary>
/// Tells one sink of one database's alerts. Each sink has a teller of its own, so that one that fails or hangs
/// holds up no other.
/// </summary>
internal sealed class AlertTeller : IDisposable
{
    private readonly ServiceDatabase _database;
    private readonly Alerts _alerts;
    private readonly IAlertSink _sink;
    private readonly ReliableMqMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly AlertTable _table;
    private readonly PollClock _clock;
    private readonly SemaphoreSlim _woken = new(0, 1);

    public AlertTeller(ServiceDatabase database, IAlertSink sink, ReliableMqMetrics metrics, TimeProvider time, QuietLogger<AlertTeller> logger)
    {
        _database = database;
        _sink = sink;
        _metrics = metrics;
        _time = time;
        _logger = logger;
        _table = new AlertTable(database);
        _clock = new PollClock(time);
        _alerts = database.Alerts;
        _alerts.Raised += Wake;
    }

    /// <param name="stopping">No alert is begun any more.</param>
    /// <param name="givingUp">The host waits no longer for one that is being told.</param>
    public async Task RunAsync(CancellationToken stopping, CancellationToken givingUp)
    {
        await _database.Ready.WaitAsync(stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_database.Sender != _database)
        {
            // Another context has the same tables, and its teller tells of them.
            return;
        }

        for (var failures = 0; !stopping.IsCancellationRequested;)
        {
            try
            {
                await RunOnceAsync(stopping, givingUp);
                failures = 0;
                await WaitAsync(stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                var delay = Backoff.Delay(++failures, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5), Random.Shared.NextDouble());
                LogMessages.TellingFailed(_logger, _database.Name, _sink.Name, delay, exception);
                await Task.Delay(delay, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>One look at the alerts, and one telling if there is something to tell.</summary>
    public async Task RunOnceAsync(CancellationToken stopping, CancellationToken givingUp)
    {
        var interval = _database.Options.Outbox.PollInterval;
        _clock.Restart(interval);
        var poll = await _table.PollAsync(_sink.Name, stopping);
        foreach (var (kind, count) in poll.Gathered)
        {
            _metrics.AlertsRaised(kind, count);
            // The tellers of other sinks may have looked a moment too early.
            _alerts.Gathered();
        }

        if (poll.Claimed is { } claimed)
        {
            await TellAsync(claimed, givingUp);
        }

        _clock.PollWithin(AlertRules.NextPoll(poll, interval));
    }

    /// <summary>The sink is called outside of any transaction; what it has done is recorded afterwards.</summary>
    private async Task TellAsync(ClaimedAlert claimed, CancellationToken givingUp)
    {
        using var timeout = new TimeLimit(AlertRules.Patience, _time, givingUp);
        try
        {
            // A sink may ignore its token; its late success is then told again.
            await Task.Run(() => _sink.SendAsync(claimed.Alert, timeout.Token), CancellationToken.None).WaitAsync(timeout.Token);
        }
        catch (Exception exception) when (!givingUp.IsCancellationRequested)
        {
            var attempt = claimed.Attempts + 1;
            var delay = AlertRules.DelayAfter(attempt, Random.Shared.NextDouble());
            var reason = timeout.IsReached ? $"It took longer than {AlertRules.Patience.TotalSeconds:0} seconds." : exception.Message;
            LogMessages.SinkFailed(_logger, _sink.Name, claimed.Alert.Id, claimed.Alert.Kind, claimed.Alert.Group, attempt, delay, exception);
            await _table.FailedAsync(_sink.Name, claimed, reason, delay, givingUp);
            return;
        }

        CrashPoint.Here("after alert sent, before marked");
        await _table.ToldAsync(_sink.Name, claimed, givingUp);
    }

    private async Task WaitAsync(CancellationToken stopping)
    {
        while (!_clock.IsDue)
        {
            using var timeout = new TimeLimit(_clock.Wait is { Ticks: > 0 } wait ? wait : TimeSpan.FromTicks(1), _time, stopping);
            await _woken.WaitAsync(timeout.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stopping.ThrowIfCancellationRequested();
        }
    }

    private void Wake(TimeSpan within)
    {
        if (_clock.PollWithin(within) && _woken.CurrentCount == 0)
        {
            try
            {
                _woken.Release();
            }
            catch (SemaphoreFullException)
            {
                // Somebody else has just woken it.
            }
        }
    }

    public void Dispose()
    {
        _alerts.Raised -= Wake;
        _woken.Dispose();
    }
}
