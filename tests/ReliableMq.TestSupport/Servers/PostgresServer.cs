using Npgsql;

namespace ReliableMq.TestSupport;

/// <summary>Where a PostgreSQL server is, and its administrator: a connection string without a database.</summary>
public sealed record PostgresServer(string ConnectionString)
{
    /// <summary>Where its test databases are made; null for the server's own place.</summary>
    public string? Tablespace { get; init; }

    /// <summary>The same server by way of a proxy.</summary>
    public PostgresServer Through(TcpProxy proxy) =>
        this with { ConnectionString = new NpgsqlConnectionStringBuilder(ConnectionString) { Host = proxy.Host, Port = proxy.Port }.ConnectionString };
}
