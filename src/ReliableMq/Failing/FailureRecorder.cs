using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.Diagnostics;
using ReliableMq.Handling;
using ReliableMq.Inbox;
using ReliableMq.Receiving;
using ReliableMq.Storage;

namespace ReliableMq.Failing;

/// <summary>
/// Counts a failed attempt and carries out its verdict, in one transaction apart from the handler's. Counts
/// are therefore the same on every broker version and after every restart.
/// </summary>
internal sealed class FailureRecorder(ServiceDatabase database, Parking parking, ReliableMqMetrics metrics, ILogger logger)
{
    private readonly FailureTable _table = new(database);
    private readonly InboxSql _inboxSql = new(database.Schema);
    private readonly InboxClaim _claim = new(database.Schema);
    private readonly StartSql _startSql = new(database.Schema);

    public async Task<Settlement> RecordAsync(Delivery delivery, Exception exception, QueueSettings settings, ExceptionRules rules, HoldBudget holds, CancellationToken cancellationToken)
    {
        if (exception is MessageIdUsedTwiceException)
        {
            // Its id is another message's, which is done.
            delivery = DerivedIds.Give(delivery);
        }

        if (delivery.MessageId is not { } messageId)
        {
            return await StoreWithoutIdAsync(delivery, exception, cancellationToken);
        }

        try
        {
            return await RecordAsync(delivery, messageId, exception, settings, rules, holds, cancellationToken);
        }
        catch (PostgresException refused) when (refused.SqlState.StartsWith("22", StringComparison.Ordinal))
        {
            // The database refuses something in the message itself, and will refuse it every time.
            var reason = new UnreadableMessageException($"The failed message could not be scheduled again: {refused.MessageText}", exception);
            return await RecordAsync(delivery, messageId, reason, settings, rules, holds, cancellationToken);
        }
        catch (MessageIdUsedTwiceException other)
        {
            return await RecordAsync(delivery, other, settings, rules, holds, cancellationToken);
        }
    }

    private async Task<Settlement> RecordAsync(Delivery delivery, string messageId, Exception exception, QueueSettings settings, ExceptionRules rules, HoldBudget holds, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await Parking.BeginAsync(session.Connection, cancellationToken);
        var orderingKey = OrderingKeys.Of(delivery, settings.Order);
        try
        {
            if (await IsDoneAsync(session.Connection, delivery, messageId, cancellationToken))
            {
                // It may have been in a process that ended, and nobody else looks at its mark any more.
                await using var forget = FailureTable.Command(session.Connection, _startSql.Forget, messageId, delivery.Queue);
                await forget.ExecuteNonQueryAsync(cancellationToken);
                await CheckedCommit.CommitSeenAsync(session.Connection);
                return Settlement.Ack;
            }
        }
        catch (TwinIsRunningException)
        {
            LogMessages.TwinIsRunning(logger, delivery);
            return holds.Hold(TimeSpan.FromSeconds(1));
        }

        if (orderingKey is not null)
        {
            // What failed before its handler could run, because it cannot be read, has not yet asked whether it may. What
            // may not run at all waits for nobody: a released copy would be known here, and run.
            if (exception is not (TooOldToDedupeException or MessageIdUsedTwiceException) && await parking.ParkAsync(session.Connection, delivery, orderingKey, cancellationToken))
            {
                await CheckedCommit.CommitSeenAsync(session.Connection);
                return Settlement.Ack;
            }
        }

        var counted = await _table.CountAsync(session.Connection, delivery, messageId, orderingKey, exception, cancellationToken);
        if (counted is not var (attempt, now, age))
        {
            return await FollowAsync(session.Connection, delivery, messageId, holds, cancellationToken);
        }

        switch (FailureRules.Decide(new FailedAttempt(attempt, exception, age, Random.Shared.NextDouble()), settings.Retry, rules))
        {
            case Verdict.Retry { Delay: var delay } when delay <= FailureRules.LongestHold && holds.TryHold(delivery, delay, out var held):
                try
                {
                    await _table.RetryAsync(session.Connection, messageId, delivery.Queue, delay, cancellationToken);
                    await CheckedCommit.CommitSeenAsync(session.Connection);
                }
                catch
                {
                    holds.Return(delivery, held);
                    throw;
                }

                CrashPoint.Here("after retry recorded, before nack");
                RetryNotice.Tell(logger, attempt, delivery, exception, delay);
                return held;

            case Verdict.Retry { Delay: var delay }:
                await _table.ScheduleAsync(session.Connection, delivery, messageId, now + delay, cancellationToken);
                await CheckedCommit.CommitSeenAsync(session.Connection);
                CrashPoint.Here("after scheduling, before ack");
                database.WakeForScheduled();
                RetryNotice.Tell(logger, attempt, delivery, exception, delay);
                return Settlement.Ack;

            case Verdict.DeadLetter { Reason: var reason }:
                await _table.DieAsync(session.Connection, delivery, messageId, attempt, reason, exception, cancellationToken);
                var end = exception is MessageIdUsedTwiceException { Sent: var sent } ? _table.DeleteOwn(sent) : null;
                await EndAsync(session.Connection, delivery.Queue, orderingKey, end, cancellationToken);
                CrashPoint.Here("after dead letter, before nack");
                database.Alerts.WakeSoon();
                metrics.DeadLettered(delivery.Queue);
                LogMessages.DeadLettered(logger, delivery, attempt, exception);
                return AdmissionRules.SettleDead(delivery);

            case Verdict.Discard { Reason: var reason }:
                await _table.DiscardAsync(session.Connection, delivery, messageId, attempt, reason, exception, cancellationToken);
                await EndAsync(session.Connection, delivery.Queue, orderingKey, end: null, cancellationToken);
                LogMessages.Discarded(logger, delivery, reason);
                return Settlement.Ack;

            default:
                throw new InvalidOperationException("Unknown verdict.");
        }
    }

    /// <summary>Commits what becomes of a message that is given up. The next of its ordering key follows.</summary>
    private async Task EndAsync(
        NpgsqlConnection connection, string queue, string? orderingKey, NpgsqlBatchCommand? end, CancellationToken cancellationToken)
    {
        Release? release = null;
        if (orderingKey is not null)
        {
            release = await parking.ReleaseAsync(connection, queue, orderingKey, end, cancellationToken);
        }
        else if (end is not null)
        {
            await using var batch = new NpgsqlBatch(connection) { BatchCommands = { end } };
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        await CheckedCommit.CommitSeenAsync(connection);
        parking.Tell(release);
    }

    /// <summary>Whether another delivery of the message has succeeded; else none can before this transaction ends.</summary>
    /// <exception cref="MessageIdUsedTwiceException">Another message has succeeded under this id.</exception>
    private async Task<bool> IsDoneAsync(NpgsqlConnection connection, Delivery delivery, string messageId, CancellationToken cancellationToken)
    {
        if (await _claim.TryAsync(connection, delivery.Queue, messageId, cancellationToken))
        {
            return false;
        }

        // What failed before its handler could run has not been compared yet.
        await using var handled = FailureTable.Command(connection, _inboxSql.Handled, messageId, delivery.Queue);
        await using var reader = await handled.ExecuteReaderAsync(cancellationToken);
        await InboxEntry.RequireSameAsync(reader, delivery, cancellationToken);
        return true;
    }

    /// <summary>The message has moved on without this delivery, which is settled like one that had not run.</summary>
    /// <exception cref="MessageIdUsedTwiceException">It is another message that has.</exception>
    private async Task<Settlement> FollowAsync(NpgsqlConnection connection, Delivery delivery, string messageId, HoldBudget holds, CancellationToken cancellationToken)
    {
        Standing? standing;
        await using (var command = FailureTable.Command(connection, _inboxSql.Standing, messageId, delivery.Queue))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            standing = await Standing.ReadAsync(reader, cancellationToken);
        }

        if (standing?.IsOfAnother(delivery) == true)
        {
            throw MessageIdUsedTwiceException.Failed(delivery, standing.State);
        }

        var admission = AdmissionRules.Admit(isNew: true, delivery.Epoch, standing, isKeyHeld: false);
        if (admission is not (Admission.Dead or Admission.Settled))
        {
            return holds.Hold(TimeSpan.FromSeconds(1));
        }

        await CheckedCommit.CommitSeenAsync(connection);
        return admission == Admission.Dead ? AdmissionRules.SettleDead(delivery) : Settlement.Ack;
    }

    /// <summary>
    /// Without an id nothing of it can be found again, so it gets one here, and the delivery is acked because
    /// the stored dead letter is all there will be.
    /// </summary>
    private async Task<Settlement> StoreWithoutIdAsync(Delivery delivery, Exception exception, CancellationToken cancellationToken)
    {
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await Parking.BeginAsync(session.Connection, cancellationToken);
        await _table.StoreAsync(session.Connection, delivery, $"no-id-{Guid.CreateVersion7()}", 1, exception.Message, exception, cancellationToken);
        await CheckedCommit.CommitSeenAsync(session.Connection);
        database.Alerts.WakeSoon();
        metrics.DeadLettered(delivery.Queue);
        LogMessages.DeadLettered(logger, delivery, 1, exception);
        return Settlement.Ack;
    }
}
