using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using ReliableMq.Diagnostics;

namespace ReliableMq.Broker;

/// <summary>
/// One supervised connection. The client's own recovery is off: it can lose a consumer silently and swallows
/// stale acks. Whoever needs a connection asks anew and gets the one that is open.
/// </summary>
internal sealed class BrokerConnection : IAsyncDisposable
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan MostDelay = TimeSpan.FromSeconds(10);

    private readonly string _purpose;
    private readonly ReliableMqOptions _options;
    private readonly string _clientName;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();

    private TaskCompletionSource<IConnection> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _supervisor;

    public BrokerConnection(string purpose, ReliableMqOptions options, TimeProvider time, ILogger logger)
    {
        _purpose = purpose;
        _options = options;
        _clientName = $"{options.Service} {purpose}";
        _time = time;
        _logger = logger;
    }

    /// <summary>Why there is no connection; null while there is one or none was tried yet.</summary>
    public string? LastError { get; private set; }

    /// <summary>The broker's reason while it takes no publishes (memory or disk alarm); else null.</summary>
    public string? Blocked { get; private set; }

    public bool IsOpen => _ready.Task is { IsCompletedSuccessfully: true, Result.IsOpen: true };

    /// <summary>Waits for an open connection. The first call starts the supervision.</summary>
    public Task<IConnection> GetAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
            _supervisor ??= Task.Run(SuperviseAsync, CancellationToken.None);
            if (_ready.Task is { IsCompletedSuccessfully: true, Result.IsOpen: false })
            {
                // It has just closed, and its own event has not arrived yet.
                Renew();
            }

            return _ready.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Gives up a connection that hangs; the supervisor opens another.</summary>
    public void Abandon(IConnection connection, string reason)
    {
        LogMessages.ConnectionAbandoned(_logger, _purpose, reason);
        // Aborting may itself hang on the dead socket, so nobody waits for it.
        _ = connection.CloseAsync(Constants.InternalError, reason, TimeSpan.FromSeconds(1), abort: true, CancellationToken.None);
    }

    private async Task SuperviseAsync()
    {
        var failures = 0;
        while (!_stopping.IsCancellationRequested)
        {
            var startedAt = _time.GetTimestamp();
            try
            {
                await using (var connection = await ConnectAsync(_stopping.Token))
                {
                    await ServeAsync(connection);
                }

                // One that lasted is opened again at once; one that did not may fail for a reason that lasts.
                failures = _time.GetElapsedTime(startedAt) > Backoff.Stable ? 0 : failures + 1;
                if (failures > 1)
                {
                    await Task.Delay(DelayAfter(failures), _time, _stopping.Token);
                }
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                failures++;
                LastError = Innermost(exception).Message;
                var delay = DelayAfter(failures);
                LogMessages.ConnectFailed(_logger, _purpose, _options.Broker.Hosts, LastError, delay);
                await Task.Delay(delay, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static TimeSpan DelayAfter(int failures) => Backoff.Delay(failures, FirstDelay, MostDelay, Random.Shared.NextDouble());

    private async Task<IConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        _ = BrokerEndpoints.TryParse(_options.Broker.Hosts, out var endpoints, out _);
        var factory = new ConnectionFactory
        {
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            VirtualHost = _options.Broker.VirtualHost,
            UserName = _options.Broker.UserName,
            Password = _options.Broker.Password,
            RequestedHeartbeat = _options.Broker.Heartbeat,
            RequestedConnectionTimeout = TimeSpan.FromSeconds(10),
            ContinuationTimeout = TimeSpan.FromSeconds(10),
        };
        factory.ClientProperties["product"] = "ReliableMq";
        return await factory.CreateConnectionAsync(endpoints, _clientName, cancellationToken);
    }

    /// <summary>Hands the connection out until it closes.</summary>
    private async Task ServeAsync(IConnection connection)
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionShutdownAsync += (_, reason) =>
        {
            LastError = reason.ReplyText;
            Renew();
            closed.TrySetResult();
            return Task.CompletedTask;
        };
        connection.ConnectionBlockedAsync += (_, blocked) =>
        {
            Blocked = blocked.Reason;
            LogMessages.ConnectionBlocked(_logger, _purpose, blocked.Reason);
            return Task.CompletedTask;
        };
        connection.ConnectionUnblockedAsync += (_, _) =>
        {
            Blocked = null;
            LogMessages.ConnectionUnblocked(_logger, _purpose);
            return Task.CompletedTask;
        };

        LastError = null;
        Blocked = null;
        LogMessages.Connected(_logger, _purpose, connection.Endpoint.ToString(), ServerVersion(connection));
        _ready.TrySetResult(connection);
        if (!connection.IsOpen)
        {
            // It closed before the handler above was in place.
            Renew();
            return;
        }

        await closed.Task.WaitAsync(_stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (closed.Task.IsCompleted)
        {
            LogMessages.ConnectionLost(_logger, _purpose, LastError);
        }
        else
        {
            await connection.CloseAsync(Constants.ReplySuccess, "stopping", TimeSpan.FromSeconds(5), abort: true, CancellationToken.None);
        }
    }

    private void Renew()
    {
        lock (_gate)
        {
            if (_ready.Task.IsCompleted)
            {
                _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    internal static string ServerVersion(IConnection connection) =>
        connection.ServerProperties is { } properties && properties.TryGetValue("version", out var version) && version is byte[] text
            ? System.Text.Encoding.UTF8.GetString(text)
            : "unknown";

    private static Exception Innermost(Exception exception)
    {
        while (exception.InnerException is { } inner)
        {
            exception = inner;
        }

        return exception;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelAsync();
        }

        Task? supervisor;
        lock (_gate)
        {
            supervisor = _supervisor;
            _ready.TrySetException(new ObjectDisposedException(nameof(BrokerConnection)));
            _ = _ready.Task.Exception;
        }

        if (supervisor is not null)
        {
            await supervisor.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
