using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using ReliableMq.Diagnostics;
using ReliableMq.Timing;

namespace ReliableMq.Broker;

/// <summary>
/// One supervised connection. The client's own recovery is off: it can lose a consumer silently and swallows
/// stale acks. Whoever needs a connection asks anew and gets the one that is open.
/// </summary>
internal sealed class BrokerConnection(
    string purpose, string hosts, BrokerConnector connector, SecretRefresh refresh, VersionNotice version, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan MostDelay = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();

    private TaskCompletionSource<IConnection> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _supervisor;

    /// <summary>Why there is no connection; null while there is one or none was tried yet.</summary>
    public string? LastError { get; private set; }

    /// <summary>The broker's reason while it takes no publishes (memory or disk alarm); else null.</summary>
    public string? Blocked { get; private set; }

    /// <summary>Told after each connect; whoever listens must only take note of it.</summary>
    public event Action? Opened;

    /// <summary>Whether somebody has asked for it.</summary>
    public bool IsUsed => _supervisor is not null;

    public bool IsOpen => _ready.Task is { IsCompletedSuccessfully: true, Result.IsOpen: true };

    /// <summary>Waits for an open connection. The first call starts the supervision.</summary>
    public Task<IConnection> GetAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
            _supervisor ??= Task.Run(SuperviseAsync, CancellationToken.None);
            if (_ready.Task is { IsCompletedSuccessfully: true, Result: { IsOpen: false } closed })
            {
                // It has just closed, and its own event has not arrived yet.
                Renew(closed);
            }

            return _ready.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Gives up a connection that hangs; the supervisor opens another.</summary>
    public void Abandon(IConnection connection, string reason)
    {
        LogMessages.ConnectionAbandoned(logger, purpose, reason);
        // Aborting may itself hang on the dead socket, so nobody waits for it.
        _ = connection.CloseAsync(Constants.InternalError, reason, TimeSpan.FromSeconds(1), abort: true, CancellationToken.None);
    }

    private async Task SuperviseAsync()
    {
        var failures = 0;
        while (!_stopping.IsCancellationRequested)
        {
            var startedAt = time.GetTimestamp();
            try
            {
                var (connection, credentials) = await connector.ConnectAsync(_stopping.Token);
                await using (connection)
                {
                    await ServeAsync(connection, credentials);
                }

                // One that lasted is opened again at once; one that did not may fail for a reason that lasts.
                failures = time.GetElapsedTime(startedAt) > Backoff.Stable ? 0 : failures + 1;
                if (failures > 1)
                {
                    await Task.Delay(DelayAfter(failures), time, _stopping.Token);
                }
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                failures++;
                LastError = BrokerConnector.Describe(exception);
                var delay = DelayAfter(failures);
                LogMessages.ConnectFailed(logger, purpose, hosts, LastError, delay);
                await Task.Delay(delay, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static TimeSpan DelayAfter(int failures) => Backoff.Delay(failures, FirstDelay, MostDelay, Random.Shared.NextDouble());

    /// <summary>Hands the connection out until it closes.</summary>
    private async Task ServeAsync(IConnection connection, BrokerCredentials credentials)
    {
        version.Tell(BrokerVersion.Of(connection));
        LastError = null;
        Blocked = null;
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionShutdownAsync += (_, reason) =>
        {
            // Why the client itself gives a connection up stands in its exception: missing heartbeats, for one.
            LastError = reason.Exception is { } cause ? $"{reason.ReplyText}: {BrokerConnector.Describe(cause)}" : reason.ReplyText;
            Renew(connection);
            closed.TrySetResult();
            return Task.CompletedTask;
        };
        connection.ConnectionBlockedAsync += (_, blocked) =>
        {
            Blocked = blocked.Reason;
            LogMessages.ConnectionBlocked(logger, purpose, blocked.Reason);
            return Task.CompletedTask;
        };
        connection.ConnectionUnblockedAsync += (_, _) =>
        {
            Blocked = null;
            LogMessages.ConnectionUnblocked(logger, purpose);
            return Task.CompletedTask;
        };

        LogMessages.Connected(logger, purpose, connection.Endpoint.ToString(), BrokerVersion.Of(connection).ToString());
        _ready.TrySetResult(connection);
        if (!connection.IsOpen)
        {
            // It closed before the handler above was in place.
            Renew(connection);
            return;
        }

        Opened?.Invoke();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var refreshing = refresh.RunAsync(connection, credentials, ended.Token);
        await closed.Task.WaitAsync(_stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ended.CancelQuietlyAsync();
        if (closed.Task.IsCompleted)
        {
            LogMessages.ConnectionLost(logger, purpose, LastError);
        }
        else
        {
            // Over a line that takes no bytes, as under an alarm of the broker, saying goodbye has no end.
            await connection.CloseAsync(Constants.ReplySuccess, "stopping", TimeSpan.FromSeconds(5), abort: true, CancellationToken.None)
                .WaitAsync(TimeSpan.FromSeconds(10), time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await refreshing;
    }

    /// <summary>The connection has closed. Its event may come late, when another is handed out already.</summary>
    private void Renew(IConnection connection)
    {
        lock (_gate)
        {
            if (_ready.Task is { IsCompletedSuccessfully: true } ready && ReferenceEquals(ready.Result, connection))
            {
                _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            await _stopping.CancelQuietlyAsync();
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
