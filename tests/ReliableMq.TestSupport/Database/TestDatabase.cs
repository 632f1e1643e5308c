using Npgsql;

namespace ReliableMq.TestSupport;

/// <summary>A database of one test's own.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    // A hundred tests at once stay below the server's limit, each with room for a host and for itself.
    private const int MostConnections = 20;
    private const int SecondsUnused = 5;

    private readonly PostgresServer _server;
    private readonly NpgsqlConnectionStringBuilder _address;

    private TestDatabase(PostgresServer server)
    {
        _server = server;
        _address = new NpgsqlConnectionStringBuilder(server.ConnectionString)
        {
            Database = $"test_{Some.Id()}",
            MaxPoolSize = MostConnections,
            ConnectionIdleLifetime = SecondsUnused,
            ConnectionPruningInterval = SecondsUnused,
            IncludeErrorDetail = true,
        };
        DataSource = NpgsqlDataSource.Create(_address);
    }

    public string Name => _address.Database!;

    public string ConnectionString => _address.ConnectionString;

    /// <summary>Connections for the test itself; its pool is not that of <see cref="ConnectionString"/>.</summary>
    public NpgsqlDataSource DataSource { get; }

    /// <summary>Creates one.</summary>
    /// <param name="server">Default: the shared one.</param>
    public static async Task<TestDatabase> CreateAsync(PostgresServer? server = null)
    {
        var database = new TestDatabase(server ?? await SharedServers.PostgresAsync());
        // template0, since nobody can be connected to it: with template1 somebody's look into it is an error.
        var place = database._server.Tablespace is { } tablespace ? $" TABLESPACE {tablespace}" : "";
        await DatabaseAdmin.ExecuteAsync(database._server, $"CREATE DATABASE {database.Name} TEMPLATE template0{place}");
        return database;
    }

    /// <summary>The same database by way of a proxy.</summary>
    public string ConnectionStringThrough(TcpProxy proxy) =>
        new NpgsqlConnectionStringBuilder(ConnectionString) { Host = proxy.Host, Port = proxy.Port }.ConnectionString;

    /// <summary>Runs a statement, with parameters <c>$1</c>, <c>$2</c>.</summary>
    /// <returns>The number of rows it changed.</returns>
    public async Task<int> ExecuteAsync(string sql, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        return await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first column of the first row; the type's default where it is null or there is none.</summary>
    public async Task<T?> ScalarAsync<T>(string sql, params object?[] parameters) =>
        (await QueryAsync<T?>(sql, parameters)).FirstOrDefault();

    /// <summary>The first column of every row.</summary>
    public Task<List<T>> QueryAsync<T>(string sql, params object?[] parameters) =>
        QueryAsync(sql, row => row.IsDBNull(0) ? default! : row.GetFieldValue<T>(0), parameters);

    /// <summary>Every row, as <paramref name="read"/> makes of it.</summary>
    public async Task<List<T>> QueryAsync<T>(string sql, Func<NpgsqlDataReader, T> read, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>Ends the backends of all connections to the database, as an administrator does.</summary>
    public async Task CloseAllConnectionsAsync()
    {
        await DatabaseAdmin.ExecuteAsync(
            _server, $"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{Name}'");
        DataSource.Clear();
    }

    /// <summary>Drops it, whoever is still connected.</summary>
    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await using (var pool = new NpgsqlConnection(ConnectionString))
        {
            NpgsqlConnection.ClearPool(pool);
        }

        try
        {
            await DatabaseAdmin.ExecuteAsync(_server, $"DROP DATABASE IF EXISTS {Name} WITH (FORCE)");
        }
        catch (NpgsqlException error) when (error is not PostgresException)
        {
            // A server that its test has stopped takes the database along; nothing may hide the test's own failure.
        }
    }

    private NpgsqlCommand Command(string sql, object?[] parameters)
    {
        var command = DataSource.CreateCommand(sql);
        foreach (var value in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        }

        return command;
    }
}
