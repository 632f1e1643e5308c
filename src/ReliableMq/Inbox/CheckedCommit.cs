using System.Diagnostics;
using Npgsql;
using ReliableMq.Failing;

namespace ReliableMq.Inbox;

/// <summary>
/// A commit behind which a delivery may be acked. It fails if it cannot commit: PostgreSQL answers the COMMIT of an
/// aborted transaction with a ROLLBACK and no error, and that of no transaction with a warning, so that an effect would be
/// taken for done that never was. And it fails if it is not known whether a synchronous standby has it.
/// </summary>
internal static class CheckedCommit
{
    /// <summary>
    /// Writes to the log of the server, and to nothing else. A transaction that has written waits at its commit for all
    /// that was written before; one that has only read does not.
    /// </summary>
    private const string Write = "SELECT pg_logical_emit_message(true, 'reliable_mq', ''), set_config('client_min_messages', 'warning', true)";

    /// <summary>
    /// Commits an attempt, see <see cref="InboxSql.Bound"/>. One round trip. The savepoint costs nothing: it is refused
    /// outside of a transaction, and in an aborted one.
    /// </summary>
    /// <exception cref="CommitUnknownException">The wait for the standby was broken off.</exception>
    public static Task CommitAsync(NpgsqlConnection connection) => CommitAsync(connection, new NpgsqlBatchCommand("SAVEPOINT reliable_mq"));

    /// <summary>
    /// Commits a transaction that believes what it has seen. What others have committed can be seen before the standby has
    /// it, when their wait for it was broken off; where it is all that is left of a delivery, this waits for it.
    /// </summary>
    /// <inheritdoc cref="CommitAsync(NpgsqlConnection)" path="/exception"/>
    public static Task CommitSeenAsync(NpgsqlConnection connection) => CommitAsync(connection, new NpgsqlBatchCommand(Write));

    private static async Task CommitAsync(NpgsqlConnection connection, NpgsqlBatchCommand before)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { before, new NpgsqlBatchCommand("COMMIT") } };
        string? warning = null;
        NoticeEventHandler listen = (_, told) => warning ??= told.Notice.InvariantSeverity == "WARNING" ? told.Notice.MessageText : null;
        var began = Stopwatch.GetTimestamp();
        connection.Notice += listen;
        try
        {
            await batch.ExecuteNonQueryAsync(CancellationToken.None);
        }
        finally
        {
            connection.Notice -= listen;
        }

        // A commit is cancelled by ending its wait: it is answered like any other, with a warning. The client itself cancels
        // when its time is over, and a proxy between may keep warnings to itself.
        if (warning is null && batch.Timeout > 0 && Stopwatch.GetElapsedTime(began) >= TimeSpan.FromSeconds(batch.Timeout))
        {
            warning = $"it took longer than the command timeout of {batch.Timeout} s";
        }

        if (warning is not null)
        {
            throw new CommitUnknownException(warning);
        }
    }
}

/// <summary>It is committed, but a synchronous standby may not have it.</summary>
internal sealed class CommitUnknownException(string warning) : NotThrownException($"The commit was broken off while it waited, so that it is lost if the server is: {warning}.");
