using Npgsql;
using ReliableMq.Failing;

namespace ReliableMq.Inbox;

/// <summary>For one who says what becomes of a message that he does not handle.</summary>
internal sealed class InboxClaim(string schema)
{
    /// <summary>A process that stands still now must not keep the message from others.</summary>
    private static readonly string Bound = InboxSql.Bound(idle: TimeSpan.FromMinutes(1));

    private readonly InboxSql _sql = new(schema);

    /// <summary>
    /// Where the message is being handled, that is waited for. Until the caller's transaction ends no attempt of it begins:
    /// otherwise one that is done would be shown as failing or dead, and what waits for its key would overtake it.
    /// </summary>
    /// <returns>Whether it has not been handled yet.</returns>
    /// <exception cref="TwinIsRunningException">It is handled for longer than the wait allows.</exception>
    public async Task<bool> TryAsync(NpgsqlConnection connection, string queue, string messageId, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new(Bound), new(_sql.Claim), new(_sql.UnboundWait) } };
        batch.BatchCommands[1].Parameters.Add(new NpgsqlParameter<string>("queue", queue));
        batch.BatchCommands[1].Parameters.Add(new NpgsqlParameter<string>("message_id", messageId));
        try
        {
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            if (!await reader.ReadAsync(cancellationToken))
            {
                return false;
            }
        }
        catch (PostgresException waited) when (waited.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new TwinIsRunningException(waited);
        }

        await using var takeBack = FailureTable.Command(connection, _sql.TakeBack, messageId, queue);
        await takeBack.ExecuteNonQueryAsync(cancellationToken);
        return true;
    }
}
