using Npgsql;
using ReliableMq.Broker;
using ReliableMq.Failing;
using ReliableMq.Timing;

namespace ReliableMq.Storage;

/// <summary>Asks the database directly whether it is there and has room, apart from any message.</summary>
internal sealed class DatabaseProbe(ServiceDatabase database, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Has the server write half a megabyte to a temporary file where the tables are by default. A database whose disk is
    /// full answers everything else, and takes what finds room in a page that it has. Needs no right, and leaves nothing.
    /// </summary>
    private const string Spill = "SELECT count(*) FROM generate_series(1, 20000)";

    /// <summary>"on" for a server that is a standby, and for a database that takes no writes. It answers everything that only reads.</summary>
    private const string IsReadOnly = "SELECT current_setting('transaction_read_only')";

    /// <summary>
    /// Above the time that a connection is waited for: a pool without a free one then says so. Less would take it for a
    /// database that does not answer, and a message that takes all connections would never be counted.
    /// </summary>
    private TimeSpan UntilAnswer => database.ConnectionTimeout + Patience;

    /// <summary>Null when the database answers, or when nothing says that it does not; else why.</summary>
    public async Task<Exception?> AskAsync(CancellationToken cancellationToken)
    {
        using var timeout = new TimeLimit(UntilAnswer, time, cancellationToken);
        try
        {
            await using var session = await database.OpenAsync(timeout.Token);
            await using var transaction = await session.Connection.BeginTransactionAsync(timeout.Token);
            await using var batch = new NpgsqlBatch(session.Connection)
            {
                BatchCommands = { new("SET LOCAL work_mem = '64kB'"), new("SET LOCAL temp_tablespaces = ''"), new(IsReadOnly), new(Spill) },
            };
            return await batch.ExecuteScalarAsync(timeout.Token) is "on" ? new ReliableMqException("The database takes no writes: it is read-only, or a standby.") : null;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.ConfigurationLimitExceeded)
        {
            // Its temporary files are limited; what it has room for is not known.
            return null;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return timeout.IsReached || FailureRules.LooksLikeDatabaseDown(exception) ? exception : null;
        }
    }

    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        for (var failures = 1; await AskAsync(cancellationToken) is not null; failures++)
        {
            await Task.Delay(Backoff.Delay(failures, TimeSpan.FromMilliseconds(200), Patience, Random.Shared.NextDouble()), time, cancellationToken);
        }
    }
}
