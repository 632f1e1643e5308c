using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.Broker;
using ReliableMq.Diagnostics;
using ReliableMq.Failing;
using ReliableMq.Handling;
using ReliableMq.Storage;
using ReliableMq.Timing;

namespace ReliableMq.Hosting;

/// <summary>
/// Checks every database before anything else starts. A wrong schema stops the host; one that cannot be
/// reached does not: it is asked again until it can.
/// </summary>
internal sealed class DatabaseStartup(
    ServiceDatabases databases, HandlerRegistry handlers, IHostApplicationLifetime lifetime, TimeProvider time, QuietLogger<DatabaseStartup> logger) : IHostedLifecycleService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _waiting = [];

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        foreach (var database in databases.All)
        {
            if (!await TryAsync(database, cancellationToken))
            {
                _waiting.Add(KeepTryingAsync(database));
            }
        }
    }

    private async Task<bool> TryAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        using var timeout = new TimeLimit(Patience, time, cancellationToken);
        try
        {
            var version = await SchemaCheck.EnsureAsync(database, timeout.Token);
            LogMessages.DatabaseReady(logger, database.Name, database.Schema, version);
            await WarnOfSmallPoolAsync(database, timeout.Token);
            await databases.SetReadyAsync(database, timeout.Token);
            return true;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && (timeout.IsReached || MayComeLater(exception)))
        {
            var error = exception is OperationCanceledException ? $"it did not answer within {Patience.TotalSeconds:0} seconds" : FailureRules.CauseOf(exception).Message.TrimEnd('.');
            database.LastError = error;
            LogMessages.DatabaseUnreachable(logger, database.Name, error);
            return false;
        }
    }

    private async Task WarnOfSmallPoolAsync(ServiceDatabase database, CancellationToken cancellationToken)
    {
        var needed = PoolSize.Needed(handlers.Queues.Select(queue => queue.Settings).Where(queue => databases.InboxOf(queue) == database));
        await using var session = await database.OpenAsync(cancellationToken);
        if (PoolSize.Of(session.Connection) is { } most && most < needed)
        {
            LogMessages.PoolTooSmall(logger, database.Name, most, needed);
        }
    }

    /// <summary>
    /// A server, a database, a password or room on a disk may come later, a lock or a connection may be free, and tables that
    /// are created under running processes may lock one another out. A context that cannot be made will not.
    /// </summary>
    private static bool MayComeLater(Exception exception) =>
        FailureRules.LooksLikeDatabaseDown(exception) || FailureRules.IsPoolExhausted(exception) || FailureRules.CauseOf(exception) is PostgresException
        {
            SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled,
        };

    private async Task KeepTryingAsync(ServiceDatabase database)
    {
        try
        {
            for (var failures = 1; ; failures++)
            {
                await Task.Delay(Backoff.Delay(failures, TimeSpan.FromMilliseconds(500), Patience, Random.Shared.NextDouble()), time, _stopping.Token);
                if (await TryAsync(database, _stopping.Token))
                {
                    return;
                }
            }
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            // The host stops.
        }
        catch (Exception exception)
        {
            LogMessages.DatabaseUnusable(logger, exception.Message);
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
    }

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelQuietlyAsync();
        await Task.WhenAll(_waiting);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
