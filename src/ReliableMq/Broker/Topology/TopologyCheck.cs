using Microsoft.Extensions.Logging;
using ReliableMq.Alerting;
using ReliableMq.Diagnostics;
using ReliableMq.Handling;
using ReliableMq.Scheduling;
using ReliableMq.Storage;
using ReliableMq.Timing;

namespace ReliableMq.Broker.Topology;

/// <summary>
/// Compares the broker's topology with what is needed: after each connect, when something new is used, and at an
/// interval. It tells each change once.
/// </summary>
internal sealed class TopologyCheck : IScheduledWork, IAsyncDisposable
{
    /// <summary>Consumers declare their queues after a connect too; what they have done need not be done again.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromMilliseconds(500);

    private readonly ReliableMqOptions _options;
    private readonly HandlerRegistry _registry;
    private readonly TopologyDeclarer _declarer;
    private readonly TopologyState _state;
    private readonly ServiceDatabases _databases;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly BrokerConnection _connection;
    private readonly ManagementClient? _management;
    private readonly TopologyInspector _inspector;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private bool _runsSoon, _isRaiseDue;

    public TopologyCheck(
        ReliableMqOptions options, HandlerRegistry registry, BrokerConnections connections, TopologyDeclarer declarer, TopologyState state,
        ServiceDatabases databases, IBrokerCredentialsProvider credentials, TimeProvider time, QuietLogger<TopologyCheck> logger)
    {
        _options = options;
        _registry = registry;
        _declarer = declarer;
        _state = state;
        _databases = databases;
        _time = time;
        _logger = logger;
        // A service without consumers has no other connection.
        _connection = registry.Queues.Count > 0 ? connections.Consuming : connections.Publishing;
        _management = options.Broker.ManagementUrl is { } url ? new ManagementClient(options.Broker, url, credentials) : null;
        _inspector = new TopologyInspector(options.Topology.Mode, _management, declarer);
        _connection.Opened += RunSoon;
        declarer.Noticed += RunSoon;
    }

    public string Name => "topology-check";

    public TimeSpan Interval => _options.Topology.CheckInterval;

    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        // Without a connection there is nothing to look at, and the next one is followed by a check. On one that the
        // broker blocks, no question is answered.
        if (!_connection.IsOpen || _connection.Blocked is not null)
        {
            return;
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            var connection = await _connection.GetAsync(cancellationToken);
            QueueTopology[] queues = [.. _registry.Queues.Select(queue => queue.Topology)];
            if (_options.Topology.Mode == TopologyMode.None)
            {
                await _inspector.LookAtConsumersAsync(connection, queues, cancellationToken);
            }
            else
            {
                await TellAsync(await _inspector.InspectAsync(connection, queues, _declarer.PublishedExchanges, cancellationToken), cancellationToken);
            }
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogMessages.TopologyNotChecked(_logger, exception is OperationCanceledException ? "The broker did not answer in time." : exception.Message);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task TellAsync(TopologyReport report, CancellationToken cancellationToken)
    {
        var before = _state.Current;
        if (_state.Set(report))
        {
            if (report.Differences.Count > 0)
            {
                LogMessages.TopologyDiffers(_logger, report.Differences.Count, $"\n{report.Text}{report.Notes}");
            }
            else if (before is not null || _registry.Queues.Count > 0)
            {
                LogMessages.TopologyAsNeeded(_logger, report.Notes);
            }

            _isRaiseDue = report.Differences.Count > 0;
        }

        if (_isRaiseDue)
        {
            _isRaiseDue = !await RaiseAsync(report, cancellationToken);
        }
    }

    /// <summary>In the first database that takes it.</summary>
    /// <returns>Whether one did, or there is none; else it is tried again at the next check.</returns>
    private async Task<bool> RaiseAsync(TopologyReport report, CancellationToken cancellationToken)
    {
        var raises = report.Differences.Select(difference => new AlertRaise(AlertKinds.Topology, difference.What, AlertSeverity.Warning, difference.ToString())).ToList();
        foreach (var database in _databases.Ready)
        {
            try
            {
                await using var session = await database.OpenAsync(cancellationToken);
                await database.Alerts.RaiseAsync(session.Connection, raises, cancellationToken);
                return true;
            }
            catch (Exception) when (!cancellationToken.IsCancellationRequested)
            {
                // The next one.
            }
        }

        return _databases.All.Count == 0;
    }

    private void RunSoon()
    {
        if (!Interlocked.Exchange(ref _runsSoon, true))
        {
            _ = Task.Run(RunAfterCalmAsync, CancellationToken.None);
        }
    }

    private async Task RunAfterCalmAsync()
    {
        try
        {
            await Task.Delay(Calm, _time, _stopping.Token);
            Volatile.Write(ref _runsSoon, false);
            await RunOnceAsync(_stopping.Token);
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    public async ValueTask DisposeAsync()
    {
        _connection.Opened -= RunSoon;
        _declarer.Noticed -= RunSoon;
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelQuietlyAsync();
        }

        _management?.Dispose();
    }
}
