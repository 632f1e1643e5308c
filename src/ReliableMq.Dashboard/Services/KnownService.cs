using Npgsql;

namespace ReliableMq.Dashboard.Services;

/// <summary>One set of tables, by the name that the dashboard calls it.</summary>
internal sealed record KnownService(string Name, ServiceTables Tables)
{
    public string Schema => Tables.Schema;

    public bool IsOwn => Tables.IsOwn;

    public Task<T> UseAsync<T>(Func<NpgsqlConnection, Task<T>> use, CancellationToken cancellationToken) => Tables.UseAsync(use, cancellationToken);
}
