using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using ReliableMq.Failing;
using ReliableMq.Handling;
using ReliableMq.Receiving;
using ReliableMq.Storage;

namespace ReliableMq.Inbox;

/// <summary>
/// One attempt in one transaction: the inbox row, whatever the handler writes, the messages it adds. Either
/// all of it is committed or none.
/// </summary>
internal sealed class InboxTransaction(ServiceDatabase database, IServiceScopeFactory scopes)
{
    private readonly InboxSql _sql = new(database.Schema);
    private readonly FailureSql _failureSql = new(database.Schema);

    /// <param name="delivery">The delivery; it has a message id.</param>
    /// <param name="handlerName">For errors.</param>
    /// <param name="handle">Runs the handler: services of this attempt, number of the attempt.</param>
    /// <param name="cancellationToken">Reaches everything but the commit.</param>
    public async Task<AttemptResult> RunAsync(
        Delivery delivery, string handlerName, Func<IServiceProvider, int, ValueTask> handle, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var context = (DbContext)scope.ServiceProvider.GetRequiredService(database.ContextType);
        // Inside its own strategy a context with retries accepts our transaction. The strategy itself never
        // retries: an attempt is repeated by the queue's policy only, in a fresh scope.
        return await context.Database.CreateExecutionStrategy().ExecuteAsync(async () =>
        {
            try
            {
                return await AttemptAsync(context, scope.ServiceProvider, delivery, handlerName, handle, cancellationToken);
            }
            catch (Exception exception)
            {
                return AttemptResult.Failed(exception);
            }
        });
    }

    private async Task<AttemptResult> AttemptAsync(
        DbContext context, IServiceProvider services, Delivery delivery, string handlerName, Func<IServiceProvider, int, ValueTask> handle, CancellationToken cancellationToken)
    {
        // The attempt is rolled back as a whole, so a savepoint a save would be two round trips for nothing.
        context.Database.AutoSavepointsEnabled = false;
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var (isNew, standing) = await EnterAsync(context, delivery, cancellationToken);
        var admission = AdmissionRules.Admit(isNew, delivery.Epoch, standing);
        if (admission != Admission.Run)
        {
            if (!isNew && standing is { State: "failing" or "scheduled" })
            {
                // Its outcome was unknown when the failure was counted; it is done after all.
                await ExecuteAsync(context, _failureSql.Delete, delivery, cancellationToken);
                await transaction.CommitAsync(CancellationToken.None);
            }

            return AttemptResult.NotAdmitted(admission, standing?.UntilNextAttempt ?? TimeSpan.Zero);
        }

        HandlingScope.Current = new HandlingScope(context, delivery.MessageId!, delivery.CorrelationId, handlerName);
        try
        {
            await handle(services, (standing?.Attempts ?? 0) + 1);
            cancellationToken.ThrowIfCancellationRequested();
            if (context.Database.CurrentTransaction != transaction)
            {
                throw new PermanentFailureException(
                    $"The handler \"{handlerName}\" ended the transaction in which its message is handled, so what it wrote may be committed without being marked as done. Leave the transaction to ReliableMq.");
            }

            await context.SaveChangesAsync(cancellationToken);
        }
        finally
        {
            HandlingScope.Current = null;
        }

        if (standing is not null)
        {
            await ExecuteAsync(context, _failureSql.Delete, delivery, cancellationToken);
        }

        return await CommitAsync(transaction, delivery);
    }

    /// <summary>Begins, inserts the inbox row and reads the message's standing, in one round trip.</summary>
    private async Task<(bool IsNew, Standing? Standing)> EnterAsync(DbContext context, Delivery delivery, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch((NpgsqlConnection)context.Database.GetDbConnection(), CurrentTransaction(context));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.BoundWait));
        batch.BatchCommands.Add(Keyed(new NpgsqlBatchCommand(_sql.Insert), delivery));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.UnboundWait));
        batch.BatchCommands.Add(Keyed(new NpgsqlBatchCommand(_sql.Standing), delivery));
        try
        {
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            return await ReadEntryAsync(reader, cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new TwinIsRunningException(exception);
        }
    }

    private static async Task<(bool IsNew, Standing? Standing)> ReadEntryAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var isNew = await reader.ReadAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return (isNew, await Standing.ReadAsync(reader, cancellationToken));
    }

    /// <summary>No token: a cancelled commit has an unknown outcome. One that failed is read back.</summary>
    private async Task<AttemptResult> CommitAsync(IDbContextTransaction transaction, Delivery delivery)
    {
        try
        {
            await transaction.CommitAsync(CancellationToken.None);
            return AttemptResult.Done;
        }
        catch (Exception exception)
        {
            try
            {
                await using var session = await database.OpenAsync(CancellationToken.None);
                await using var command = new NpgsqlCommand(_sql.IsDone, session.Connection)
                {
                    Parameters = { new NpgsqlParameter<string>("queue", delivery.Queue), new NpgsqlParameter<string>("message_id", delivery.MessageId!) },
                };
                return (bool)(await command.ExecuteScalarAsync(CancellationToken.None))!
                    ? AttemptResult.Done
                    : AttemptResult.Failed(exception);
            }
            catch (Exception unreadable)
            {
                // Still unknown. The message comes back, and its inbox row, if there is one, is found then.
                return AttemptResult.Failed(new AggregateException(unreadable, exception));
            }
        }
    }

    private static async Task ExecuteAsync(DbContext context, string sql, Delivery delivery, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, (NpgsqlConnection)context.Database.GetDbConnection(), CurrentTransaction(context))
        {
            Parameters = { new NpgsqlParameter<string>("queue", delivery.Queue), new NpgsqlParameter<string>("message_id", delivery.MessageId!) },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlTransaction? CurrentTransaction(DbContext context) =>
        (NpgsqlTransaction?)context.Database.CurrentTransaction?.GetDbTransaction();

    private static NpgsqlBatchCommand Keyed(NpgsqlBatchCommand command, Delivery delivery)
    {
        command.Parameters.Add(new NpgsqlParameter<string>("queue", delivery.Queue));
        command.Parameters.Add(new NpgsqlParameter<string>("message_id", delivery.MessageId!));
        return command;
    }
}

/// <summary>How an attempt ended: exactly one of done, not admitted, failed.</summary>
internal readonly record struct AttemptResult(Admission? Refusal, TimeSpan Wait, Exception? Exception)
{
    public static readonly AttemptResult Done;

    public bool IsDone => Refusal is null && Exception is null;

    public static AttemptResult NotAdmitted(Admission admission, TimeSpan wait) => new(admission, wait, null);

    public static AttemptResult Failed(Exception exception) => new(null, TimeSpan.Zero, exception);
}

/// <summary>Another delivery of the same message holds its inbox row for longer than the wait allows.</summary>
internal sealed class TwinIsRunningException(Exception inner) : ReliableMqException("Another delivery of the same message is being handled.", inner);
