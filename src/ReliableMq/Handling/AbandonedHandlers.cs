using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.Diagnostics;
using ReliableMq.Storage;
using ReliableMq.Timing;

namespace ReliableMq.Handling;

/// <summary>
/// Runs attempts, and leaves those behind that go on though they were cancelled: their slots are needed. What they still
/// do is thrown away. So many of them are borne by a process; beyond that they keep their slots.
/// </summary>
internal sealed class AbandonedHandlers(ReliableMqMetrics metrics, TimeProvider time, QuietLogger<AbandonedHandlers> logger)
{
    /// <summary>Each may hold a thread and memory for ever.</summary>
    private const int Most = 20;

    /// <summary>Each keeps its place in the pool until it ends, and the others have to go on with the rest.</summary>
    private const int PartOfPool = 4;

    /// <summary>For cleaning up after a timeout.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>The same when the host waits no longer; what a session grants before its channel is closed is longer.</summary>
    private static readonly TimeSpan LastGrace = TimeSpan.FromSeconds(1);

    /// <summary>For ending the session of an abandoned attempt.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private int _count;
    private int _kept;

    /// <summary>Those that still run.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Those that should have been left behind, and keep their places instead.</summary>
    public int Kept => Volatile.Read(ref _kept);

    public static int MostOf(int? poolSize) => Math.Clamp((poolSize ?? int.MaxValue) / PartOfPool, 1, Most);

    /// <param name="what">The delivery or the batch, for logs.</param>
    /// <param name="queue">Where it comes from.</param>
    /// <param name="database">Where its transaction is; null for none.</param>
    /// <param name="run">The attempt.</param>
    /// <param name="cancellationToken">Tells the handler to end.</param>
    /// <param name="givingUp">The host waits no longer; cancels the other token, too.</param>
    /// <exception cref="HandlerAbandonedException">It was cancelled, and has not ended.</exception>
    public async Task<T> RunAsync<T>(
        object what, string queue, ServiceDatabase? database, Func<Attempt, Task<T>> run, CancellationToken cancellationToken, CancellationToken givingUp)
    {
        var attempt = new Attempt(cancellationToken);
        // Apart from this flow, because a handler may block its thread.
        var running = Task.Run(() => run(attempt), CancellationToken.None);
        await ((Task)running).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!running.IsCompleted)
        {
            await GrantAsync(running, givingUp);
        }

        if (running.IsCompleted)
        {
            return await running;
        }

        if (!TryTakePlace(database))
        {
            LogMessages.TooManyAbandoned(logger, queue, Count);
            return await KeepAsync(running);
        }

        if (!attempt.TryAbandon())
        {
            Interlocked.Decrement(ref _count);
            return await running;
        }

        LogMessages.HandlerAbandoned(logger, what, Count);
        metrics.HandlerAbandoned(queue);
        _ = WatchAsync(running, what);
        var ending = database is null || attempt.TransactionId == 0 ? Task.CompletedTask : EndSessionAsync(database, attempt.TransactionId, what);
        if (!givingUp.IsCancellationRequested)
        {
            await ending;
        }

        throw new HandlerAbandonedException();
    }

    private async Task GrantAsync(Task running, CancellationToken givingUp)
    {
        await running.WaitAsync(Grace, time, givingUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (givingUp.IsCancellationRequested)
        {
            await running.WaitAsync(LastGrace, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool TryTakePlace(ServiceDatabase? database)
    {
        if (Interlocked.Increment(ref _count) <= MostOf(database?.PoolSize))
        {
            return true;
        }

        Interlocked.Decrement(ref _count);
        return false;
    }

    private async Task<T> KeepAsync<T>(Task<T> running)
    {
        Interlocked.Increment(ref _kept);
        try
        {
            return await running;
        }
        finally
        {
            Interlocked.Decrement(ref _kept);
        }
    }

    /// <summary>Sees it end at last.</summary>
    private async Task WatchAsync(Task running, object what)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Interlocked.Decrement(ref _count);
        LogMessages.AbandonedEnded(logger, what, running.Exception?.InnerException);
    }

    /// <summary>
    /// From outside, because its connection cannot be used by two. It is the one that holds the transaction's own lock:
    /// behind a pooler, too, and nobody else's where the transaction has ended meanwhile.
    /// </summary>
    private async Task EndSessionAsync(ServiceDatabase database, uint transactionId, object what)
    {
        using var timeout = new TimeLimit(Patience, time);
        try
        {
            await using var session = await database.OpenAsync(timeout.Token);
            await using var command = new NpgsqlCommand(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted AND transactionid = @id", session.Connection)
            {
                Parameters = { new NpgsqlParameter("id", NpgsqlTypes.NpgsqlDbType.Xid) { Value = transactionId } },
            };
            await command.ExecuteNonQueryAsync(timeout.Token);
        }
        catch (Exception exception)
        {
            LogMessages.SessionNotEnded(logger, what, exception.Message);
        }
    }
}

/// <summary>The handler went on though it was told to end, and was left behind.</summary>
internal sealed class HandlerAbandonedException() : ReliableMqException(
    "The handler went on after it was cancelled. It was left behind, and what it still does is not committed. Pass the CancellationToken of the MessageContext on to whatever it waits for.");
