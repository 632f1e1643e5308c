using Npgsql;
using ReliableMq.Failing;
using ReliableMq.Receiving;

namespace ReliableMq.Inbox;

/// <summary>How a delivery enters the transaction of its attempt, and what the database then knows of its message.</summary>
internal sealed class InboxEntry(string schema)
{
    private readonly InboxSql _sql = new(schema);
    private readonly FailureSql _failureSql = new(schema);

    /// <summary>Begins, inserts the inbox row and reads the message's standing, in one round trip.</summary>
    public async Task<(bool IsNew, Standing? Standing)> EnterAsync(AttemptTransaction transaction, Delivery delivery, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction.Transaction);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.BoundWait));
        batch.BatchCommands.Add(Keyed(new NpgsqlBatchCommand(_sql.Insert), delivery));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.UnboundWait));
        batch.BatchCommands.Add(Keyed(new NpgsqlBatchCommand(_sql.Standing), delivery));
        try
        {
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            var isNew = await reader.ReadAsync(cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            return (isNew, await Standing.ReadAsync(reader, cancellationToken));
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new TwinIsRunningException(exception);
        }
    }

    /// <summary>Enters several messages in one round trip.</summary>
    /// <returns>The ids of those that were never handled and never failed.</returns>
    public async Task<HashSet<string>> EnterAsync(AttemptTransaction transaction, string queue, string[] messageIds, CancellationToken cancellationToken)
    {
        // All enter in the same order, so that two batches with the same messages do not lock each other out.
        Array.Sort(messageIds, StringComparer.Ordinal);
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction.Transaction);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.BoundWait));
        batch.BatchCommands.Add(Keyed(new NpgsqlBatchCommand(_sql.InsertMany), queue, messageIds));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(_sql.UnboundWait));
        batch.BatchCommands.Add(Keyed(new NpgsqlBatchCommand(_sql.HaveStanding), queue, messageIds));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var fresh = new HashSet<string>(messageIds.Length, StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            fresh.Add(reader.GetString(0));
        }

        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            fresh.Remove(reader.GetString(0));
        }

        return fresh;
    }

    private static NpgsqlBatchCommand Keyed(NpgsqlBatchCommand command, string queue, string[] messageIds)
    {
        command.Parameters.Add(new NpgsqlParameter<string>("queue", queue));
        command.Parameters.Add(new NpgsqlParameter<string[]>("message_ids", messageIds));
        return command;
    }

    /// <summary>The message is done: what is known of its failures goes.</summary>
    public async Task ForgetFailureAsync(AttemptTransaction transaction, Delivery delivery, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction.Transaction);
        batch.BatchCommands.Add(Keyed(new NpgsqlBatchCommand(_failureSql.Delete), delivery));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Whether the message is marked as done.</summary>
    public async Task<bool> IsDoneAsync(NpgsqlConnection connection, Delivery delivery, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Keyed(new NpgsqlBatchCommand(_sql.IsDone), delivery));
        return (bool)(await batch.ExecuteScalarAsync(cancellationToken))!;
    }

    private static NpgsqlBatchCommand Keyed(NpgsqlBatchCommand command, Delivery delivery)
    {
        command.Parameters.Add(new NpgsqlParameter<string>("queue", delivery.Queue));
        command.Parameters.Add(new NpgsqlParameter<string>("message_id", delivery.MessageId!));
        return command;
    }
}

/// <summary>Another delivery of the same message holds its inbox row for longer than the wait allows.</summary>
internal sealed class TwinIsRunningException(Exception inner) : ReliableMqException("Another delivery of the same message is being handled.", inner);
