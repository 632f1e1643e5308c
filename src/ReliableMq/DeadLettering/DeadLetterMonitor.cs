using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.Diagnostics;
using ReliableMq.Failing;
using ReliableMq.Handling;
using ReliableMq.Inbox;
using ReliableMq.Receiving;
using ReliableMq.Storage;

namespace ReliableMq.DeadLettering;

/// <summary>
/// Takes what arrives in a dead-letter queue: copies of dead letters that a verdict has stored, and those
/// that the broker made by itself. Both end as one stored dead letter, acked after the commit. A late copy of a message
/// that was handled, that has a later life, or that was discarded is settled as it would be in its own queue.
/// </summary>
internal sealed class DeadLetterMonitor(
    QueueSettings settings, ServiceDatabase database, ReliableMqMetrics metrics, TimeProvider time, QuietLogger<DeadLetterMonitor> logger) : IDeliveryProcessor
{
    private readonly DeadLetterSql _sql = new(database.Schema);
    private readonly InboxClaim _claim = new(database.Schema);
    private readonly Parking _parking = new(database, logger);
    private readonly DatabaseProbe _probe = new(database, time);

    public async Task<Settlement> ProcessAsync(Delivery delivery, HoldBudget holds, CancellationToken givingUp)
    {
        try
        {
            await StoreAsync(delivery, givingUp);
            return Settlement.Ack;
        }
        catch (OperationCanceledException) when (givingUp.IsCancellationRequested)
        {
            return Settlement.Requeue;
        }
        catch (TwinIsRunningException)
        {
            // The broker gave it up while a process that has lost its connection still handles it.
            LogMessages.TwinIsRunning(logger, delivery);
            return holds.Hold(TimeSpan.FromSeconds(1));
        }
        catch (Exception exception)
        {
            LogMessages.DeadLetterNotStored(logger, delivery, exception);
            return await _probe.AskAsync(CancellationToken.None) is not null ? Settlement.Pause : holds.Hold(TimeSpan.FromSeconds(5));
        }
    }

    public Task WaitUntilAbleAsync(CancellationToken stopping) => _probe.WaitAsync(stopping);

    private async Task StoreAsync(Delivery brought, CancellationToken cancellationToken)
    {
        var death = BrokerDeath.Of(brought, settings.Queue);
        var delivery = death.Restore(brought);
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await Parking.BeginAsync(session.Connection, cancellationToken);
        if (delivery.MessageId is null)
        {
            delivery = settings.DeriveMessageIds ? DerivedIds.Give(delivery) : DerivedIds.GiveToCopy(delivery);
        }

        switch (await LookAsync(session.Connection, delivery, cancellationToken))
        {
            case Look.IsAnothers when DerivedIds.Give(delivery) is var other && await _claim.TryAsync(session.Connection, settings.Queue, other.MessageId!, cancellationToken):
                delivery = other;
                break;
            case Look.IsOver or Look.IsAnothers:
                await CheckedCommit.CommitSeenAsync(session.Connection);
                LogMessages.LateDeadLetter(logger, delivery);
                return;
        }

        var reason = $"The broker dead-lettered it: {death.Reason}.";
        // Before the failure below says that the message was not handled.
        var unknown = await FindUnknownAsync(session.Connection, delivery, cancellationToken);
        // The failure first, like whoever records a verdict: in one order they do not lock each other out.
        var release = await MarkDeadAsync(session.Connection, delivery, reason, cancellationToken);
        var isNew = await InsertAsync(session.Connection, delivery, reason, unknown, cancellationToken);
        if (!isNew && brought.MessageId is null && !brought.Redelivered)
        {
            // It was never brought before, so it only looks like the one that is stored.
            delivery = delivery with { MessageId = $"no-id-{Guid.CreateVersion7()}" };
            isNew = await InsertAsync(session.Connection, delivery, reason, unknown, cancellationToken);
        }

        if (isNew)
        {
            await database.Alerts.RaiseAsync(session.Connection, DeadLetterAlert.Of(settings.Queue, delivery.MessageId!, death.Reason, reason), cancellationToken);
        }

        await CheckedCommit.CommitSeenAsync(session.Connection);
        CrashPoint.Here("after dead letter stored by the monitor, before ack");
        _parking.Tell(release);
        if (isNew)
        {
            metrics.DeadLettered(settings.Queue);
            LogMessages.DeadLetterFromBroker(logger, delivery, death.Reason);
        }
        else
        {
            LogMessages.DeadLetterMerged(logger, delivery);
        }
    }

    private enum Look
    {
        IsNeeded,

        /// <summary>Nothing is to be done with it any more.</summary>
        IsOver,

        /// <summary>Its id is another message's, which was handled or has failed.</summary>
        IsAnothers,
    }

    private async Task<Look> LookAsync(NpgsqlConnection connection, Delivery delivery, CancellationToken cancellationToken)
    {
        await _claim.TryAsync(connection, settings.Queue, delivery.MessageId!, cancellationToken);
        await using var command = new NpgsqlCommand(_sql.Look, connection) { Parameters = { Queue(), MessageId(delivery) } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (!reader.IsDBNull(0))
        {
            // What was replayed with another body was handled in a later epoch.
            return reader.GetInt32(1) <= delivery.Epoch && reader.GetGuid(0) != delivery.Fingerprint ? Look.IsAnothers : Look.IsOver;
        }

        if (reader.IsDBNull(2))
        {
            return Look.IsNeeded;
        }

        var epoch = reader.GetInt32(2);
        return Standing.IsOfAnother(delivery, epoch, reader.IsDBNull(4) ? null : reader.GetGuid(4)) ? Look.IsAnothers
            : delivery.Epoch < epoch || (delivery.Epoch == epoch && reader.GetString(3) == "discarded") ? Look.IsOver
            : Look.IsNeeded;
    }

    private async Task<bool> InsertAsync(NpgsqlConnection connection, Delivery delivery, string reason, TooOldToDedupeException? unknown, CancellationToken cancellationToken)
    {
        await using var insert = new NpgsqlCommand(_sql.Insert, connection);
        StoredDeadLetter.AddParameters(insert.Parameters, delivery, settings.Queue, delivery.MessageId!, 0, reason, unknown);
        return await insert.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>It may be the copy of a message that was handled so long ago that the inbox has forgotten it: a replay needs consent.</summary>
    private async Task<TooOldToDedupeException?> FindUnknownAsync(NpgsqlConnection connection, Delivery delivery, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_sql.ForgottenUntil, connection)
        {
            Parameters = { Queue(), MessageId(delivery), new NpgsqlParameter<int>("epoch", delivery.Epoch) },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) && reader.GetFieldValue<DateTimeOffset>(0) is var forgotten && Horizon.IsTooOld(delivery, forgotten)
            ? new TooOldToDedupeException(delivery, forgotten)
            : null;
    }

    /// <summary>It will not run any more. If it held back its ordering key, the next follows.</summary>
    private async Task<Release?> MarkDeadAsync(NpgsqlConnection connection, Delivery delivery, string reason, CancellationToken cancellationToken)
    {
        var mark = new NpgsqlBatchCommand(_sql.MarkDead)
        {
            Parameters = { Queue(), MessageId(delivery), new NpgsqlParameter<int>("epoch", delivery.Epoch), StoredDeadLetter.Text("reason", reason), new NpgsqlParameter<Guid>("fingerprint", delivery.Fingerprint) },
        };
        if (OrderingKeys.Of(delivery, settings.Order) is { } orderingKey)
        {
            return await _parking.ReleaseAsync(connection, settings.Queue, orderingKey, mark, cancellationToken);
        }

        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { mark } };
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return null;
    }

    private NpgsqlParameter Queue() => new NpgsqlParameter<string>("queue", settings.Queue);

    private static NpgsqlParameter MessageId(Delivery delivery) => new NpgsqlParameter<string>("message_id", delivery.MessageId!);
}
