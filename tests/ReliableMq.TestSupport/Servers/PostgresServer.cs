namespace ReliableMq.TestSupport;

/// <summary>Where a PostgreSQL server is, and its administrator: a connection string without a database.</summary>
public sealed record PostgresServer(string ConnectionString);
