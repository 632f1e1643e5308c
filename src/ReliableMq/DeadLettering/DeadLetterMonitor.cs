using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.Diagnostics;
using ReliableMq.Receiving;
using ReliableMq.Storage;

namespace ReliableMq.DeadLettering;

/// <summary>
/// Takes what arrives in a dead-letter queue: copies of dead letters that a verdict has stored, and those
/// that the broker made by itself. Both end as one stored dead letter, acked after the commit.
/// </summary>
internal sealed class DeadLetterMonitor(
    string queue, ServiceDatabase database, ReliableMqMetrics metrics, TimeProvider time, ILogger<DeadLetterMonitor> logger) : IDeliveryProcessor
{
    private readonly DeadLetterSql _sql = new(database.Schema);
    private readonly DatabaseProbe _probe = new(database, time);

    public async Task<Settlement> ProcessAsync(Delivery delivery, HoldBudget holds, CancellationToken givingUp)
    {
        try
        {
            if (await StoreAsync(delivery, givingUp))
            {
                metrics.DeadLettered(queue);
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
        await using var transaction = await session.Connection.BeginTransactionAsync(cancellationToken);
        await using var insert = new NpgsqlCommand(_sql.Insert, session.Connection, transaction);
        StoredDeadLetter.AddParameters(insert.Parameters, delivery, queue, messageId, 0, reason, exception: null);
        var isNew = await insert.ExecuteNonQueryAsync(cancellationToken) == 1;
        if (isNew)
        {
            await database.Alerts.RaiseAsync(session.Connection, DeadLetterAlert.Of(queue, messageId, DeathOf(delivery), reason), cancellationToken);
        }

        if (isNew && delivery.MessageId is not null)
        {
            await using var mark = new NpgsqlCommand(_sql.MarkDead, session.Connection, transaction)
            {
                Parameters =
                {
                    new NpgsqlParameter<string>("queue", queue),
                    new NpgsqlParameter<string>("message_id", messageId),
                    new NpgsqlParameter<int>("epoch", delivery.Epoch),
                    StoredDeadLetter.Text("reason", reason),
                },
            };
            await mark.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(CancellationToken.None);
        return isNew;
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
