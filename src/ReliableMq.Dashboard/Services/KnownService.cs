using Npgsql;

namespace ReliableMq.Dashboard.Services;

/// <summary>One set of tables, by the name that the dashboard calls it.</summary>
internal sealed record KnownService(string Name, ServiceTables Tables, Reach Reach)
{
    public string Schema => Tables.Schema;

    public bool IsOwn => Tables.IsOwn;

    /// <exception cref="TimeoutException">It did not answer last time, and is not waited for again.</exception>
    public async Task<T> UseAsync<T>(Func<NpgsqlConnection, Task<T>> use, CancellationToken cancellationToken)
    {
        if (Reach.Error is { } error)
        {
            Reach.TrySoon(Tables);
            throw new TimeoutException(error);
        }

        // A statement that takes long tells nothing of the database; a connection that nobody answers does.
        var attempt = Reach.Begin();
        try
        {
            return await Tables.UseAsync(connection =>
            {
                attempt.IsConnected = true;
                return use(connection);
            }, cancellationToken).WaitAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is OperationCanceledException || Reach.IsAway(exception))
        {
            attempt.Failed(exception);
            throw;
        }
    }
}
