using System.Data.Common;
using System.Transactions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;
using ReliableMq.Handling;

namespace ReliableMq.Outbox;

/// <summary>
/// Writes staged messages with the save they belong to. Their INSERT rides at the end of the save's first
/// command: no round trip more, and no change tracking of the library's rows. Stateless; the state is with
/// the context.
/// </summary>
internal sealed class OutboxInterceptor : ISaveChangesInterceptor, IDbCommandInterceptor, IDbTransactionInterceptor
{
    public static readonly OutboxInterceptor Instance = new();

    public InterceptionResult<int> SavingChanges(DbContextEventData eventData, InterceptionResult<int> result)
    {
        StagedOf(eventData.Context)?.BeforeSave();
        return result;
    }

    public ValueTask<InterceptionResult<int>> SavingChangesAsync(DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        StagedOf(eventData.Context)?.BeforeSave();
        return ValueTask.FromResult(result);
    }

    public InterceptionResult<DbDataReader> ReaderExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result)
    {
        Append(command, eventData);
        return result;
    }

    public ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        Append(command, eventData);
        return ValueTask.FromResult(result);
    }

    private static void Append(DbCommand command, CommandEventData eventData)
    {
        if (eventData.CommandSource != CommandSource.SaveChanges
            || command is not NpgsqlCommand npgsql
            || StagedOf(eventData.Context) is not { } staged
            || !staged.HasUnwritten())
        {
            return;
        }

        if (command.Transaction is null && Transaction.Current is null && eventData.Context!.Database.GetEnlistedTransaction() is null)
        {
            throw new ReliableMqException(
                $"A message was added to \"{eventData.Context.GetType().Name}\" too late for this save, which has no transaction that both could share. Add messages before SaveChanges or in SavingChanges.");
        }

        var database = staged.Extension.Database;
        npgsql.CommandText += ";\n" + OutboxParameters.Add(npgsql.Parameters, staged.TakeUnwritten(), database);
    }

    /// <summary>
    /// EF stops reading after its own results, and disposing a reader swallows errors of what follows: so the
    /// appended statement is read to its end here.
    /// </summary>
    public InterceptionResult DataReaderClosing(DbCommand command, DataReaderClosingEventData eventData, InterceptionResult result)
    {
        if (IsOurs(command, eventData))
        {
            while (eventData.DataReader.NextResult())
            {
            }
        }

        return result;
    }

    /// <inheritdoc cref="DataReaderClosing"/>
    public async ValueTask<InterceptionResult> DataReaderClosingAsync(DbCommand command, DataReaderClosingEventData eventData, InterceptionResult result)
    {
        if (IsOurs(command, eventData))
        {
            while (await eventData.DataReader.NextResultAsync())
            {
            }
        }

        return result;
    }

    private static bool IsOurs(DbCommand command, DataReaderClosingEventData eventData) =>
        !eventData.DataReader.IsClosed && command.Parameters.Contains(OutboxParameters.Ids);

    public int SavedChanges(SaveChangesCompletedEventData eventData, int result)
    {
        if (StagedOf(eventData.Context) is { } staged)
        {
            if (staged.HasUnwritten())
            {
                // No entity changed, so EF sent no command that the messages could ride in.
                eventData.Context!.Database.CreateExecutionStrategy().Execute(() => StagedWriter.Write(eventData.Context, staged));
            }

            staged.SavedEntities(result);
            staged.Saved();
        }

        return result;
    }

    public async ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        if (StagedOf(eventData.Context) is { } staged)
        {
            if (staged.HasUnwritten())
            {
                await eventData.Context!.Database.CreateExecutionStrategy()
                    .ExecuteAsync(token => StagedWriter.WriteAsync(eventData.Context, staged, token), cancellationToken);
            }

            staged.SavedEntities(result);
            staged.Saved();
        }

        return result;
    }

    /// <summary>EF tells of a concurrency failure here and nowhere else.</summary>
    public InterceptionResult ThrowingConcurrencyException(ConcurrencyExceptionEventData eventData, InterceptionResult result)
    {
        StagedOf(eventData.Context)?.SaveFailed();
        return result;
    }

    /// <inheritdoc cref="ThrowingConcurrencyException"/>
    public ValueTask<InterceptionResult> ThrowingConcurrencyExceptionAsync(ConcurrencyExceptionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        StagedOf(eventData.Context)?.SaveFailed();
        return ValueTask.FromResult(result);
    }

    public void SaveChangesFailed(DbContextErrorEventData eventData) => StagedOf(eventData.Context)?.SaveFailed();

    public Task SaveChangesFailedAsync(DbContextErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        StagedOf(eventData.Context)?.SaveFailed();
        return Task.CompletedTask;
    }

    public void SaveChangesCanceled(DbContextEventData eventData) => StagedOf(eventData.Context)?.SaveFailed();

    public Task SaveChangesCanceledAsync(DbContextEventData eventData, CancellationToken cancellationToken = default)
    {
        StagedOf(eventData.Context)?.SaveFailed();
        return Task.CompletedTask;
    }

    public InterceptionResult TransactionCommitting(DbTransaction transaction, TransactionEventData eventData, InterceptionResult result)
    {
        HandlingScope.RefuseToEnd(eventData.Context);
        return result;
    }

    public async ValueTask<InterceptionResult> TransactionCommittingAsync(DbTransaction transaction, TransactionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        HandlingScope.RefuseToEnd(eventData.Context);
        if (StagedOf(eventData.Context) is not { CommitBy: { } commit } staged)
        {
            return result;
        }

        staged.CommitBy = null;
        await commit((NpgsqlConnection)eventData.Context!.Database.GetDbConnection());
        return InterceptionResult.Suppress();
    }

    public InterceptionResult TransactionRollingBack(DbTransaction transaction, TransactionEventData eventData, InterceptionResult result)
    {
        HandlingScope.RefuseToEnd(eventData.Context);
        return result;
    }

    public ValueTask<InterceptionResult> TransactionRollingBackAsync(DbTransaction transaction, TransactionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        HandlingScope.RefuseToEnd(eventData.Context);
        return ValueTask.FromResult(result);
    }

    public void TransactionCommitted(DbTransaction transaction, TransactionEndEventData eventData) =>
        StagedOf(eventData.Context)?.Committed(TransactionKey.Of(eventData.TransactionId));

    public Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        StagedOf(eventData.Context)?.Committed(TransactionKey.Of(eventData.TransactionId));
        return Task.CompletedTask;
    }

    public void TransactionRolledBack(DbTransaction transaction, TransactionEndEventData eventData) =>
        StagedOf(eventData.Context)?.RolledBack(TransactionKey.Of(eventData.TransactionId));

    public Task TransactionRolledBackAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        StagedOf(eventData.Context)?.RolledBack(TransactionKey.Of(eventData.TransactionId));
        return Task.CompletedTask;
    }

    private static StagedMessages? StagedOf(DbContext? context) => context is null ? null : OutboxOptionsExtension.Find(context);
}
