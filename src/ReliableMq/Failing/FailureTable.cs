using Npgsql;
using NpgsqlTypes;
using ReliableMq.Broker;
using ReliableMq.DeadLettering;
using ReliableMq.Outbox;
using ReliableMq.Receiving;
using ReliableMq.Storage;

namespace ReliableMq.Failing;

/// <summary>The rows that a failed attempt writes. Each method runs in a transaction of its caller's.</summary>
internal sealed class FailureTable(ServiceDatabase database)
{
    private readonly FailureSql _sql = new(database.Schema);
    private readonly DeadLetterSql _deadLetterSql = new(database.Schema);

    /// <returns>The attempts, the time, and the time since the first failure; null when the message has moved on without this delivery.</returns>
    public async Task<(int Attempt, DateTimeOffset Now, TimeSpan Age)?> CountAsync(
        NpgsqlConnection connection, Delivery delivery, string messageId, string? orderingKey, Exception exception, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, _sql.Count, messageId, delivery.Queue,
            new NpgsqlParameter<int>("epoch", delivery.Epoch),
            new NpgsqlParameter<Guid>("fingerprint", delivery.Fingerprint),
            new NpgsqlParameter<int>("counts", FailureRules.Counts(exception) ? 1 : 0),
            StoredDeadLetter.Text("error_type", exception.GetType().FullName),
            StoredDeadLetter.Text("error", exception.ToString()),
            StoredDeadLetter.Text("ordering_key", orderingKey));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? (reader.GetInt32(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetFieldValue<TimeSpan>(2))
            : null;
    }

    /// <summary>The delivery itself comes back.</summary>
    public Task RetryAsync(NpgsqlConnection connection, string messageId, string queue, TimeSpan delay, CancellationToken cancellationToken) =>
        ExecuteAsync(connection, _sql.RetryHeld, messageId, queue, cancellationToken, new NpgsqlParameter<TimeSpan>("delay", delay));

    /// <summary>The message becomes a scheduled row addressed to its own queue: it survives an emptied broker.</summary>
    public async Task ScheduleAsync(NpgsqlConnection connection, Delivery delivery, string messageId, DateTimeOffset dueAt, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, _sql.RetryScheduled, messageId, delivery.Queue, cancellationToken,
            new NpgsqlParameter<int>("epoch", CopyableHeaders.EpochAfter(delivery.Epoch)),
            new NpgsqlParameter("due_at", NpgsqlDbType.TimestampTz) { Value = dueAt.UtcDateTime });

        var copy = new OutboxMessage
        {
            MessageId = messageId,
            Name = delivery.Name,
            Exchange = "",
            RoutingKey = delivery.Queue,
            ContentType = delivery.ContentType ?? "",
            Headers = HeaderJson.Write(CopyableHeaders.OfNextEpoch(delivery)),
            Body = delivery.Body,
            CorrelationId = delivery.CorrelationId,
            CausationId = delivery.CausationId,
            TraceParent = delivery.TraceParent,
            ReplyTo = delivery.ReplyTo,
            Priority = delivery.Priority,
            DueAt = dueAt,
        };
        await using var insert = new NpgsqlCommand("", connection);
        insert.CommandText = OutboxParameters.Add(insert.Parameters, [copy], database);
        await insert.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>No further attempt; the complete dead letter, and who is told of it.</summary>
    public async Task DieAsync(NpgsqlConnection connection, Delivery delivery, string messageId, int attempts, string reason, Exception exception, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, _sql.Die, messageId, delivery.Queue, cancellationToken);
        await StoreAsync(connection, delivery, messageId, attempts, reason, exception, cancellationToken);
    }

    /// <summary>Never handled, and nobody is told.</summary>
    public async Task DiscardAsync(NpgsqlConnection connection, Delivery delivery, string messageId, int attempts, string reason, Exception exception, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, _sql.Discard, messageId, delivery.Queue, cancellationToken);
        await StoreAsync(connection, delivery, messageId, attempts, reason, exception, cancellationToken, isDiscarded: true);
    }

    /// <inheritdoc cref="FailureSql.DeleteOwn"/>
    public NpgsqlBatchCommand DeleteOwn(Delivery delivery) => new(_sql.DeleteOwn)
    {
        Parameters =
        {
            new NpgsqlParameter<string>("queue", delivery.Queue), new NpgsqlParameter<string>("message_id", delivery.MessageId!),
            new NpgsqlParameter<Guid>("fingerprint", delivery.Fingerprint),
        },
    };

    /// <summary>A dead letter alone.</summary>
    public async Task StoreAsync(NpgsqlConnection connection, Delivery delivery, string messageId, int attempts, string reason, Exception exception, CancellationToken cancellationToken, bool isDiscarded = false)
    {
        var insert = new NpgsqlBatchCommand(_deadLetterSql.Insert);
        StoredDeadLetter.AddParameters(insert.Parameters, delivery, delivery.Queue, messageId, attempts, reason, exception, isDiscarded);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { insert } };
        if (!isDiscarded)
        {
            batch.BatchCommands.Add(database.Alerts.Command([DeadLetterAlert.Of(delivery.Queue, messageId, exception is HandlerVerdictException ? "what its handler decided" : exception.GetType().Name, reason)]));
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, string messageId, string queue, CancellationToken cancellationToken, params NpgsqlParameter[] further)
    {
        await using var command = Command(connection, sql, messageId, queue, further);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public static NpgsqlCommand Command(NpgsqlConnection connection, string sql, string messageId, string queue, params NpgsqlParameter[] further)
    {
        var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<string>("queue", queue));
        command.Parameters.Add(new NpgsqlParameter<string>("message_id", messageId));
        command.Parameters.AddRange(further);
        return command;
    }
}
