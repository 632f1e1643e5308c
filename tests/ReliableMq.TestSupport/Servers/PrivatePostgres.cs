using System.Globalization;
using Npgsql;

namespace ReliableMq.TestSupport;

/// <summary>A PostgreSQL of one test's own.</summary>
public sealed class PrivatePostgres : PrivateServer
{
    private PrivatePostgres(string? version)
        : base("postgres", "POSTGRES", version)
    {
    }

    /// <summary>For <see cref="TestDatabase.CreateAsync"/>.</summary>
    public PostgresServer Server => new(new NpgsqlConnectionStringBuilder
    {
        Host = Fact("host"),
        Port = NumberFact("port"),
        Username = Fact("user"),
        Password = Fact("password"),
    }.ConnectionString);

    /// <summary>Starts one.</summary>
    /// <param name="version">15 or 18; by default what <c>POSTGRES</c> says, or the system's own.</param>
    public static async Task<PrivatePostgres> CreateAsync(string? version = null)
    {
        var server = new PrivatePostgres(version);
        await server.StartAsync();
        return server;
    }

    /// <summary>
    /// Begins a shutdown that waits for those who are connected, and refuses everybody else meanwhile with 57P03, the
    /// error of a server that recovers, too. <see cref="PrivateServer.StopAsync"/> ends it.
    /// </summary>
    public async Task RefuseConnectionsAsync()
    {
        await using var connection = new NpgsqlConnection(Server.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)", connection);
        Native.Send(int.Parse((string)(await command.ExecuteScalarAsync())!, CultureInfo.InvariantCulture), Native.SigTerm);
    }
}
