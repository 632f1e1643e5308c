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
}
