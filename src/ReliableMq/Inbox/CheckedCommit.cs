using Npgsql;

namespace ReliableMq.Inbox;

/// <summary>
/// A commit that fails if it cannot commit. PostgreSQL answers the COMMIT of an aborted transaction with a ROLLBACK and
/// no error, and that of no transaction with a warning: an effect would be taken for done that never was.
/// </summary>
internal static class CheckedCommit
{
    /// <summary>One round trip. The savepoint costs nothing: it is refused outside of a transaction, and in an aborted one.</summary>
    public static async Task CommitAsync(NpgsqlConnection connection)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands = { new NpgsqlBatchCommand("SAVEPOINT reliable_mq"), new NpgsqlBatchCommand("COMMIT") },
        };
        await batch.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
