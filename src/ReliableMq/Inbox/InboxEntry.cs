using Npgsql;
using ReliableMq.Failing;
using ReliableMq.Handling;
using ReliableMq.Receiving;

namespace ReliableMq.Inbox;

/// <summary>How a delivery enters the transaction of its attempt, and what the database then knows of its message.</summary>
/// <param name="schema">Of its tables.</param>
/// <param name="timeout">Of an attempt.</param>
/// <param name="parking">Keeps what waits for its key.</param>
internal sealed class InboxEntry(string schema, TimeSpan timeout, Parking parking)
{
    /// <summary>For giving up an attempt whose time is over.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly string _bound = InboxSql.Bound(idle: timeout + Grace);
    private readonly InboxSql _sql = new(schema);
    private readonly FailureSql _failureSql = new(schema);
    private readonly StartSql _startSql = new(schema);

    /// <summary>Begins, inserts the inbox row and reads the message's standing, in one round trip.</summary>
    /// <param name="transaction">The attempt's.</param>
    /// <param name="delivery">The delivery.</param>
    /// <param name="orderingKey">The key that may be held back; null for none.</param>
    /// <param name="attempt">Is told its transaction.</param>
    /// <exception cref="TooOldToDedupeException">It is not known whether the message was handled.</exception>
    public async Task<(bool IsNew, Standing? Standing, bool IsKeyHeld)> EnterAsync(
        AttemptTransaction transaction, Delivery delivery, string? orderingKey, Attempt attempt)
    {
        var cancellationToken = attempt.CancellationToken;
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction.Transaction);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_bound));
        var insert = Keyed(new NpgsqlBatchCommand(_sql.Insert), delivery);
        insert.Parameters.Add(new NpgsqlParameter<Guid>("fingerprint", delivery.Fingerprint));
        insert.Parameters.Add(new NpgsqlParameter<int>("epoch", delivery.Epoch));
        batch.BatchCommands.Add(insert);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.UnboundWait));
        var standing = Keyed(new NpgsqlBatchCommand(orderingKey is null ? _sql.Standing : _sql.StandingInOrder), delivery);
        if (orderingKey is not null)
        {
            standing.Parameters.Add(new NpgsqlParameter<string>("ordering_key", orderingKey));
        }

        batch.BatchCommands.Add(standing);
        batch.BatchCommands.Add(Horizon(delivery.Queue));
        try
        {
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            var isNew = await reader.ReadAsync(cancellationToken);
            attempt.TransactionId = isNew ? reader.GetFieldValue<uint>(0) : 0;
            await reader.NextResultAsync(cancellationToken);
            var known = await Standing.ReadAsync(reader, cancellationToken);
            var isKeyHeld = orderingKey is not null && reader.GetBoolean(6);
            // One that failed and still stands here is known not to be done, unless it stands in an epoch before this one:
            // then perhaps that was said of a copy that came after all was forgotten.
            return isNew && (known is null || known.Epoch < delivery.Epoch) && await ReadHorizonAsync(reader, cancellationToken) is { } forgotten && Inbox.Horizon.IsTooOld(delivery, forgotten)
                ? throw new TooOldToDedupeException(delivery, forgotten)
                : (isNew, known, isKeyHeld);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new TwinIsRunningException(exception);
        }
    }

    /// <summary>Enters several messages of a queue in one round trip.</summary>
    /// <returns>The ids of those that were certainly never handled and never failed.</returns>
    public async Task<HashSet<string>> EnterAsync(AttemptTransaction transaction, IEnumerable<Delivery> deliveries, Attempt attempt)
    {
        var cancellationToken = attempt.CancellationToken;
        // All enter in the same order, so that two batches with the same messages do not lock each other out.
        var sorted = deliveries.OrderBy(delivery => delivery.MessageId, StringComparer.Ordinal).ToArray();
        var queue = sorted[0].Queue;
        var messageIds = Array.ConvertAll(sorted, delivery => delivery.MessageId!);
        var insert = Keyed(new NpgsqlBatchCommand(_sql.InsertMany), queue, messageIds);
        insert.Parameters.Add(new NpgsqlParameter<Guid[]>("fingerprints", Array.ConvertAll(sorted, delivery => delivery.Fingerprint)));
        insert.Parameters.Add(new NpgsqlParameter<int[]>("epochs", Array.ConvertAll(sorted, delivery => delivery.Epoch)));
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction.Transaction);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_bound));
        batch.BatchCommands.Add(insert);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.UnboundWait));
        batch.BatchCommands.Add(Keyed(new NpgsqlBatchCommand(_sql.HaveStanding), queue, messageIds));
        batch.BatchCommands.Add(Horizon(queue));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var fresh = new HashSet<string>(messageIds.Length, StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            fresh.Add(reader.GetString(0));
            attempt.TransactionId = reader.GetFieldValue<uint>(1);
        }

        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            fresh.Remove(reader.GetString(0));
        }

        var forgotten = await ReadHorizonAsync(reader, cancellationToken);
        fresh.ExceptWith(sorted.Where(delivery => Inbox.Horizon.IsTooOld(delivery, forgotten)).Select(delivery => delivery.MessageId!));
        return fresh;
    }

    private NpgsqlBatchCommand Horizon(string queue) => new(_sql.Horizon) { Parameters = { new NpgsqlParameter<string>("queue", queue) } };

    private static async Task<DateTimeOffset?> ReadHorizonAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        await reader.NextResultAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? reader.GetFieldValue<DateTimeOffset>(0) : null;
    }

    /// <summary>A message was handled under this id, and its row is in the way. Usually it was this one.</summary>
    /// <exception cref="MessageIdUsedTwiceException">It was another.</exception>
    public async Task RequireSameAsync(AttemptTransaction transaction, Delivery delivery, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction.Transaction);
        batch.BatchCommands.Add(Keyed(new NpgsqlBatchCommand(_sql.Handled), delivery));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await RequireSameAsync(reader, delivery, cancellationToken);
    }

    /// <param name="reader">Of <see cref="InboxSql.Handled"/>.</param>
    /// <param name="delivery">What has come.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="MessageIdUsedTwiceException">It was another.</exception>
    public static async Task RequireSameAsync(NpgsqlDataReader reader, Delivery delivery, CancellationToken cancellationToken)
    {
        // An edited message is replayed in a later epoch; what arrives of the epochs before it looks different, but is the same.
        if (await reader.ReadAsync(cancellationToken) && reader.GetInt32(1) <= delivery.Epoch && reader.GetGuid(0) != delivery.Fingerprint)
        {
            throw MessageIdUsedTwiceException.Handled(delivery, reader.GetFieldValue<DateTimeOffset>(2));
        }
    }

    private static NpgsqlBatchCommand Keyed(NpgsqlBatchCommand command, string queue, string[] messageIds)
    {
        command.Parameters.Add(new NpgsqlParameter<string>("queue", queue));
        command.Parameters.Add(new NpgsqlParameter<string[]>("message_ids", messageIds));
        return command;
    }

    /// <summary>The message is done: what is known of its failures goes, and the next of the key that it held back follows.</summary>
    public async Task<Release?> ForgetFailureAsync(AttemptTransaction transaction, Delivery delivery, Standing standing, CancellationToken cancellationToken)
    {
        var delete = Keyed(new NpgsqlBatchCommand(_failureSql.Delete), delivery);
        if (standing.OrderingKey is { } orderingKey)
        {
            return await parking.ReleaseAsync(transaction.Connection, delivery.Queue, orderingKey, delete, cancellationToken);
        }

        await using var batch = new NpgsqlBatch(transaction.Connection, transaction.Transaction) { BatchCommands = { delete } };
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return null;
    }

    /// <summary>What is known of its runs ends with the message.</summary>
    public async Task ForgetMarkAsync(AttemptTransaction transaction, Delivery delivery, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction.Transaction) { BatchCommands = { Keyed(new NpgsqlBatchCommand(_startSql.Forget), delivery) } };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The delivery will not run in this transaction, which is committed all the same.</summary>
    public async Task TakeBackAsync(AttemptTransaction transaction, Delivery delivery, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction.Transaction) { BatchCommands = { Keyed(new NpgsqlBatchCommand(_sql.TakeBack), delivery) } };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Whether all these messages of a queue are marked as done, on a synchronous standby, too.</summary>
    public async Task<bool> AreDoneAsync(NpgsqlConnection connection, IReadOnlyList<Delivery> deliveries)
    {
        await using var transaction = await Parking.BeginAsync(connection, CancellationToken.None);
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.BatchCommands.Add(Keyed(new NpgsqlBatchCommand(_sql.CountDone), deliveries[0].Queue, [.. deliveries.Select(delivery => delivery.MessageId!)]));
        if ((long)(await batch.ExecuteScalarAsync(CancellationToken.None))! < deliveries.Count)
        {
            return false;
        }

        await CheckedCommit.CommitSeenAsync(connection);
        return true;
    }

    private static NpgsqlBatchCommand Keyed(NpgsqlBatchCommand command, Delivery delivery)
    {
        command.Parameters.Add(new NpgsqlParameter<string>("queue", delivery.Queue));
        command.Parameters.Add(new NpgsqlParameter<string>("message_id", delivery.MessageId!));
        return command;
    }
}

/// <summary>Another delivery of the same message holds its inbox row for longer than the wait allows.</summary>
internal sealed class TwinIsRunningException(Exception inner) : NotBegunException("Another delivery of the same message is being handled.", inner);
