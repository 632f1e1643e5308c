using Npgsql;
using ReliableMq.Broker;
using ReliableMq.Failing;

namespace ReliableMq.Storage;

/// <summary>Asks the database directly whether it is there, apart from any message.</summary>
internal sealed class DatabaseProbe(ServiceDatabase database, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Above the time that a connection is waited for: a pool without a free one then says so. Less would take it for a
    /// database that does not answer, and a message that takes all connections would never be counted.
    /// </summary>
    private TimeSpan UntilAnswer => database.ConnectionTimeout + Patience;

    /// <summary>Null when the database answers, or when nothing says that it does not; else why.</summary>
    public async Task<Exception?> AskAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(UntilAnswer, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await using var session = await database.OpenAsync(either.Token);
            await using var command = new NpgsqlCommand("SELECT 1", session.Connection);
            await command.ExecuteScalarAsync(either.Token);
            return null;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return either.IsCancellationRequested || FailureRules.LooksLikeDatabaseDown(exception) ? exception : null;
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
