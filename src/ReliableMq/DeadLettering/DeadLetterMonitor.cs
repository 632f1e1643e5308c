using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.Diagnostics;
using ReliableMq.Failing;
using ReliableMq.Inbox;
using ReliableMq.Receiving;
using ReliableMq.Storage;

namespace ReliableMq.DeadLettering;

/// <summary>
/// Takes what arrives in a dead-letter queue: copies of dead letters that a verdict has stored, and those
/// that the broker made by itself. Both end as one stored dead letter, acked after the commit.
/// </summary>
internal sealed class DeadLetterMonitor(
    QueueSettings settings, ServiceDatabase database, ReliableMqMetrics metrics, TimeProvider time, ILogger<DeadLetterMonitor> logger) : IDeliveryProcessor
{
    private readonly DeadLetterSql _sql = new(database.Schema);
    private readonly Parking _parking = new(database, logger);
    private readonly DatabaseProbe _probe = new(database, time);

    public async Task<Settlement> ProcessAsync(Delivery delivery, HoldBudget holds, CancellationToken givingUp)
    {
        try
        {
            if (await StoreAsync(delivery, givingUp))
            {
                metrics.DeadLettered(settings.Queue);
                LogMessages.DeadLetterFromBroker(logger, delivery, DeathOf(delivery));
            }
            else
            {
                LogMessages.DeadLetterMerged(logger, delivery);
            }

            return Settlement.Ack;
        }
        catch (OperationCanceledException) when (givingUp.IsCancellationRequested)
        {
            return Settlement.Requeue;
        }
        catch (Exception exception)
        {
            LogMessages.DeadLetterNotStored(logger, delivery, exception);
            return await _probe.AskAsync(CancellationToken.None) is not null ? Settlement.Pause : holds.Hold(TimeSpan.FromSeconds(5));
        }
    }

    public Task WaitUntilAbleAsync(CancellationToken stopping) => _probe.WaitAsync(stopping);

    /// <returns>Whether it was not known before.</returns>
    private async Task<bool> StoreAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        var messageId = delivery.MessageId ?? $"no-id-{Guid.CreateVersion7()}";
        var reason = $"The broker dead-lettered it: {DeathOf(delivery)}.";
        await using var session = await database.OpenAsync(cancellationToken);
        await using var transaction = await Parking.BeginAsync(session.Connection, cancellationToken);
        var unknown = await FindUnknownAsync(session.Connection, delivery, messageId, cancellationToken);
        await using var insert = new NpgsqlCommand(_sql.Insert, session.Connection, transaction);
        StoredDeadLetter.AddParameters(insert.Parameters, delivery, settings.Queue, messageId, 0, reason, unknown);
        var isNew = await insert.ExecuteNonQueryAsync(cancellationToken) == 1;
        if (isNew)
        {
            await database.Alerts.RaiseAsync(session.Connection, DeadLetterAlert.Of(settings.Queue, messageId, DeathOf(delivery), reason), cancellationToken);
        }

        var release = isNew && delivery.MessageId is not null ? await MarkDeadAsync(session.Connection, delivery, reason, cancellationToken) : null;
        await transaction.CommitAsync(CancellationToken.None);
        _parking.Tell(release);
        return isNew;
    }

    /// <summary>It may be the copy of a message that was handled so long ago that the inbox has forgotten it: a replay needs consent.</summary>
    private async Task<TooOldToDedupeException?> FindUnknownAsync(NpgsqlConnection connection, Delivery delivery, string messageId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_sql.ForgottenUntil, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string>("queue", settings.Queue),
                new NpgsqlParameter<string>("message_id", messageId),
                new NpgsqlParameter<int>("epoch", delivery.Epoch),
            },
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
            Parameters =
            {
                new NpgsqlParameter<string>("queue", settings.Queue),
                new NpgsqlParameter<string>("message_id", delivery.MessageId!),
                new NpgsqlParameter<int>("epoch", delivery.Epoch),
                StoredDeadLetter.Text("reason", reason),
            },
        };
        if (OrderingKeys.Of(delivery, settings.Order) is { } orderingKey)
        {
            return await _parking.ReleaseAsync(connection, settings.Queue, orderingKey, mark, cancellationToken);
        }

        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { mark } };
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return null;
    }

    /// <summary>Why the broker gave it up: <c>rejected</c>, <c>expired</c>, <c>maxlen</c> or <c>delivery_limit</c>.</summary>
    private static string DeathOf(Delivery delivery) =>
        delivery.Headers.GetValueOrDefault("x-death") is System.Collections.IEnumerable deaths
        && deaths.OfType<IDictionary<string, object?>>().FirstOrDefault() is { } latest
        && latest.TryGetValue("reason", out var reason)
            ? reason switch
            {
                byte[] text => System.Text.Encoding.UTF8.GetString(text),
                string text => text,
                _ => "unknown reason",
            }
            : "unknown reason";
}
