using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using ReliableMq.Failing;
using ReliableMq.Outbox;
using ReliableMq.Storage;

namespace ReliableMq.Inbox;

/// <summary>The transaction of one attempt: of the handler's own context, or of a connection of the data source.</summary>
internal abstract class AttemptTransaction : IAsyncDisposable
{
    public abstract NpgsqlConnection Connection { get; }

    public abstract NpgsqlTransaction Transaction { get; }

    public virtual DbContext? Context => null;

    /// <summary>Whether it is still the one that was begun, as far as that can be seen before the commit.</summary>
    public virtual bool IsOpen => true;

    /// <summary>Writes what the handler left to be saved.</summary>
    public abstract Task SaveAsync(CancellationToken cancellationToken);

    /// <summary>No token: a cancelled commit has an unknown outcome.</summary>
    /// <exception cref="PostgresException">
    /// With the state <c>25P02</c> the transaction was aborted by an error that the handler caught, with <c>25P01</c> there is none any more.
    /// </exception>
    public abstract Task CommitAsync();

    public abstract ValueTask DisposeAsync();

    /// <summary>Runs an attempt where a transaction may be begun.</summary>
    public static Task<T> RunAsync<T>(ServiceDatabase database, IServiceProvider services, Func<AttemptTransaction, Task<T>> attempt, CancellationToken cancellationToken) =>
        database.HasContext
            ? RunOnContextAsync(database.ContextOf(services), attempt, cancellationToken)
            : RunOnDataSourceAsync(database, attempt, cancellationToken);

    /// <summary>
    /// Inside its own strategy a context with retries accepts our transaction. The strategy itself never retries,
    /// because an attempt does not throw: it is repeated by the queue's policy only, in a fresh scope.
    /// </summary>
    private static Task<T> RunOnContextAsync<T>(DbContext context, Func<AttemptTransaction, Task<T>> attempt, CancellationToken cancellationToken) =>
        context.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
        {
            // The attempt is rolled back as a whole, so a savepoint a save would be two round trips for nothing.
            context.Database.AutoSavepointsEnabled = false;
            await using var transaction = new OnContext(context, await BegunAsync(() => context.Database.BeginTransactionAsync(cancellationToken)));
            return await attempt(transaction);
        });

    private static async Task<T> RunOnDataSourceAsync<T>(ServiceDatabase database, Func<AttemptTransaction, Task<T>> attempt, CancellationToken cancellationToken)
    {
        await using var session = await BegunAsync(() => database.OpenAsync(cancellationToken).AsTask());
        await using var transaction = new OnConnection(session.Connection, await session.Connection.BeginTransactionAsync(cancellationToken));
        return await attempt(transaction);
    }

    /// <summary>Tells a lack of connections from a fault of the message: nothing of it has run.</summary>
    private static async Task<T> BegunAsync<T>(Func<Task<T>> begin)
    {
        try
        {
            return await begin();
        }
        catch (Exception exception) when (FailureRules.IsPoolExhausted(exception))
        {
            throw NoConnectionFreeException.Tell(exception);
        }
    }

    private sealed class OnContext(DbContext context, IDbContextTransaction transaction) : AttemptTransaction
    {
        public override NpgsqlConnection Connection { get; } = (NpgsqlConnection)context.Database.GetDbConnection();

        public override NpgsqlTransaction Transaction { get; } = (NpgsqlTransaction)transaction.GetDbTransaction();

        public override DbContext Context => context;

        public override bool IsOpen => context.Database.CurrentTransaction == transaction;

        public override Task SaveAsync(CancellationToken cancellationToken) => context.SaveChangesAsync(cancellationToken);

        /// <summary>By EF, so that its interceptors hear of it; ours commits in its place.</summary>
        public override async Task CommitAsync()
        {
            OutboxOptionsExtension.Find(context)!.CommitBy = CheckedCommit.CommitAsync;
            await transaction.CommitAsync(CancellationToken.None);
        }

        public override ValueTask DisposeAsync() => transaction.DisposeAsync();
    }

    private sealed class OnConnection(NpgsqlConnection connection, NpgsqlTransaction transaction) : AttemptTransaction
    {
        public override NpgsqlConnection Connection => connection;

        public override NpgsqlTransaction Transaction => transaction;

        public override Task SaveAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override Task CommitAsync() => CheckedCommit.CommitAsync(connection);

        public override ValueTask DisposeAsync() => transaction.DisposeAsync();
    }
}

/// <summary>Nothing of the message has run, so nothing of it has failed.</summary>
internal abstract class NotBegunException(string message, Exception? inner) : NotThrownException(message, inner);

/// <summary>The time of an attempt was over before its handler began.</summary>
internal sealed class NoTimeToBeginException(Exception? inner) : NotBegunException("The handler could not begin in time.", inner);

/// <summary>The connection broke before the handler began. What the database says itself may be about the message.</summary>
internal sealed class LineBrokeException(Exception inner) : NotBegunException(inner.Message, inner)
{
    /// <returns>The exception itself where it is something else.</returns>
    public static Exception Tell(Exception exception) =>
        FailureRules.LooksLikeDatabaseDown(exception) && FailureRules.CauseOf(exception) is not PostgresException ? new LineBrokeException(exception) : exception;
}

/// <summary>The pool had no connection for an attempt within the wait that the connection string allows.</summary>
internal sealed class NoConnectionFreeException(Exception inner) : NotBegunException(inner.Message, inner)
{
    /// <returns>The exception itself where it is something else.</returns>
    public static Exception Tell(Exception exception) => FailureRules.IsPoolExhausted(exception) ? new NoConnectionFreeException(exception) : exception;
}
