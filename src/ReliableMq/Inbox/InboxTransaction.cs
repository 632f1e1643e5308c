using System.Runtime.ExceptionServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.Diagnostics;
using ReliableMq.Failing;
using ReliableMq.Handling;
using ReliableMq.Receiving;
using ReliableMq.Storage;

namespace ReliableMq.Inbox;

/// <summary>
/// One attempt in one transaction: the inbox row, whatever the handler writes, the messages it adds. Either
/// all of it is committed or none.
/// </summary>
internal sealed class InboxTransaction(ServiceDatabase database, TimeSpan timeout, IServiceScopeFactory scopes, Parking parking, ILogger logger)
{
    private readonly InboxEntry _entry = new(database.Schema, timeout, parking);

    /// <param name="delivery">The delivery; it has a message id.</param>
    /// <param name="orderingKey">The key in whose order it runs; null for none.</param>
    /// <param name="handlerName">For errors.</param>
    /// <param name="handle">Runs the handler: services and transaction of this attempt, number of the attempt.</param>
    /// <param name="isMarked">Whether it was marked as started.</param>
    /// <param name="attempt">Its token reaches everything but the commit.</param>
    public async Task<AttemptResult> RunAsync(
        Delivery delivery, string? orderingKey, bool isMarked, string handlerName, Func<IServiceProvider, AttemptTransaction, int, ValueTask> handle, Attempt attempt)
    {
        return await WithServicesAsync(handlerName, services => AttemptTransaction.RunAsync(database, services, async transaction =>
        {
            try
            {
                return await AttemptAsync(transaction, services, delivery, orderingKey, isMarked, handlerName, handle, attempt);
            }
            catch (Exception exception)
            {
                return AttemptResult.Failed(exception);
            }
        }, attempt.CancellationToken));
    }

    /// <summary>A service that cannot be disposed of changes nothing about what was committed before.</summary>
    private async Task<T> WithServicesAsync<T>(string handlerName, Func<IServiceProvider, Task<T>> attempt)
    {
        var scope = scopes.CreateAsyncScope();
        try
        {
            return await attempt(scope.ServiceProvider);
        }
        finally
        {
            try
            {
                await scope.DisposeAsync();
            }
            catch (Exception exception)
            {
                LogMessages.ServicesNotDisposed(logger, handlerName, exception);
            }
        }
    }

    /// <summary>
    /// Handles messages together. Those that were handled or have failed before, and copies of one another, are left
    /// out, because each of them has a way of its own.
    /// </summary>
    /// <returns>The messages that are done.</returns>
    /// <exception cref="Exception">The batch failed, or its outcome is unknown.</exception>
    public async Task<IReadOnlyList<ReadMessage>> RunBatchAsync(
        IEnumerable<ReadMessage> messages, string handlerName, Func<IServiceProvider, AttemptTransaction, IReadOnlyList<ReadMessage>, ValueTask> handle, Attempt attempt)
    {
        IReadOnlyList<ReadMessage> batch = [.. messages.DistinctBy(message => message.Delivery.MessageId)];
        while (batch.Count > 0)
        {
            var current = batch;
            var tried = await WithServicesAsync(handlerName, services => AttemptTransaction.RunAsync(database, services, async transaction =>
            {
                try
                {
                    return await AttemptBatchAsync(transaction, services, current, handlerName, handle, attempt);
                }
                catch (Exception exception)
                {
                    return new BatchAttempt([], ExceptionDispatchInfo.Capture(exception));
                }
            }, attempt.CancellationToken));
            tried.Failure?.Throw();
            if (tried.Left is not { } left)
            {
                break;
            }

            batch = left;
        }

        return batch;
    }

    private async Task<BatchAttempt> AttemptBatchAsync(
        AttemptTransaction transaction, IServiceProvider services, IReadOnlyList<ReadMessage> batch, string handlerName,
        Func<IServiceProvider, AttemptTransaction, IReadOnlyList<ReadMessage>, ValueTask> handle, Attempt attempt)
    {
        var ids = await _entry.EnterAsync(transaction, batch.Select(message => message.Delivery), attempt);
        if (ids.Count < batch.Count)
        {
            return new BatchAttempt([.. batch.Where(message => ids.Contains(message.Delivery.MessageId!))], null);
        }

        using var handling = new HandlingScope(database, transaction.Context, transaction.Connection, messageId: null, correlationId: null, handlerName);
        await HandleAsync(handling, transaction, () => handle(services, transaction, batch), attempt.CancellationToken);
        var result = await CommitAsync(handling, transaction, [.. batch.Select(message => message.Delivery)], attempt);
        return result.IsDone ? new BatchAttempt(null, null) : throw result.Exception!;
    }

    /// <param name="Left">The messages that may be tried together instead; null when all are done.</param>
    /// <param name="Failure">What went wrong.</param>
    private readonly record struct BatchAttempt(IReadOnlyList<ReadMessage>? Left, ExceptionDispatchInfo? Failure);

    private async Task<AttemptResult> AttemptAsync(
        AttemptTransaction transaction, IServiceProvider services, Delivery delivery, string? orderingKey, bool isMarked, string handlerName,
        Func<IServiceProvider, AttemptTransaction, int, ValueTask> handle, Attempt attempt)
    {
        var cancellationToken = attempt.CancellationToken;
        var (isNew, standing, isKeyHeld) = await _entry.EnterAsync(transaction, delivery, orderingKey, attempt);
        if (!isNew)
        {
            await _entry.RequireSameAsync(transaction, delivery, cancellationToken);
        }
        else if (standing?.IsOfAnother(delivery) == true)
        {
            throw MessageIdUsedTwiceException.Failed(delivery, standing.State);
        }

        var admission = AdmissionRules.Admit(isNew, delivery.Epoch, standing, isKeyHeld);
        if (admission != Admission.Run)
        {
            if (isNew && admission is Admission.Settled or Admission.Dead)
            {
                // It is settled for what is known of it, which has to last.
                await _entry.TakeBackAsync(transaction, delivery, cancellationToken);
                await transaction.CommitAsync();
            }
            else if (!isNew)
            {
                // Its outcome may have been unknown when a failure was counted; it is done after all.
                var released = standing is { State: "failing" or "scheduled" } ? await _entry.ForgetFailureAsync(transaction, delivery, standing, cancellationToken) : null;
                await transaction.CommitAsync();
                parking.Tell(released);
            }

            return AttemptResult.NotAdmitted(admission, standing?.UntilNextAttempt ?? TimeSpan.Zero);
        }

        CrashPoint.Here("after inbox, before handler");
        using var handling = new HandlingScope(database, transaction.Context, transaction.Connection, delivery.MessageId, delivery.CorrelationId, handlerName);
        await HandleAsync(handling, transaction, () => handle(services, transaction, (standing?.Attempts ?? 0) + 1), cancellationToken);
        var release = await ForgetAsync(handling, transaction, delivery, standing, isMarked, cancellationToken);
        var result = await CommitAsync(handling, transaction, [delivery], attempt);
        if (result.IsDone)
        {
            CrashPoint.Here("after commit, before ack");
            parking.Tell(release);
        }

        return result;
    }

    /// <summary>Of what went wrong with the message before nothing stays when it is done.</summary>
    private async Task<Release?> ForgetAsync(
        HandlingScope handling, AttemptTransaction transaction, Delivery delivery, Standing? standing, bool isMarked, CancellationToken cancellationToken)
    {
        try
        {
            // The failure first, like whoever ends a message: in one order they do not lock each other out.
            var release = standing is null ? null : await _entry.ForgetFailureAsync(transaction, delivery, standing, cancellationToken);
            if (isMarked)
            {
                await _entry.ForgetMarkAsync(transaction, delivery, cancellationToken);
            }

            return release;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InFailedSqlTransaction)
        {
            throw Aborted(handling, exception);
        }
    }

    /// <summary>Runs the handler and saves what it left.</summary>
    private static async Task HandleAsync(HandlingScope handling, AttemptTransaction transaction, Func<ValueTask> handle, CancellationToken cancellationToken)
    {
        await handling.RunAsync(handle);
        cancellationToken.ThrowIfCancellationRequested();
        if (!transaction.IsOpen)
        {
            throw Ended(handling);
        }

        await handling.RunAsync(() => new ValueTask(transaction.SaveAsync(cancellationToken)));
    }

    private static PermanentFailureException Ended(HandlingScope handling) => new(
        $"The handler \"{handling.HandlerName}\" ended the transaction in which its message is handled, so what it wrote may be committed without being marked as done. Leave the transaction to ReliableMq.");

    /// <summary>PostgreSQL aborts a transaction at its first error, and takes nothing more in it, whoever catches that error.</summary>
    private static ReliableMqException Aborted(HandlingScope handling, PostgresException exception) => new(
        $"The handler \"{handling.HandlerName}\" caught an error of the database, which had aborted the transaction in which its message is handled. Let it through, avoid it by ON CONFLICT or by looking first, or roll back to a savepoint of your own.", exception);

    /// <summary>A commit that failed is read back: of a batch every message, since one may have been handled elsewhere meanwhile.</summary>
    private async Task<AttemptResult> CommitAsync(HandlingScope handling, AttemptTransaction transaction, IReadOnlyList<Delivery> deliveries, Attempt attempt)
    {
        attempt.BeginCommit();
        try
        {
            await transaction.CommitAsync();
            handling.Committed();
            return AttemptResult.Done;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.NoActiveSqlTransaction)
        {
            attempt.CommitFailed();
            return AttemptResult.Failed(Ended(handling));
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InFailedSqlTransaction)
        {
            attempt.CommitFailed();
            return AttemptResult.Failed(Aborted(handling, exception));
        }
        catch (Exception exception)
        {
            attempt.CommitFailed();
            try
            {
                await using var session = await database.OpenAsync(CancellationToken.None);
                return await _entry.AreDoneAsync(session.Connection, deliveries)
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
}
