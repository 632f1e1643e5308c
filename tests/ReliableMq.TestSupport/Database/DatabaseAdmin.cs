using Npgsql;

namespace ReliableMq.TestSupport;

/// <summary>Statements that create, drop and disturb databases, by the administrator.</summary>
internal static class DatabaseAdmin
{
    public static async Task ExecuteAsync(PostgresServer server, string sql)
    {
        // Without a pool: the server may have been restarted since, and nothing may linger.
        var address = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Database = "postgres", Pooling = false };
        await using var connection = new NpgsqlConnection(address.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
