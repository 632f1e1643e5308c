using Npgsql;
using Xunit;

namespace ReliableMq.TestSupport.Tests;

public class TestDatabaseTests
{
    [Fact]
    public async Task Many_made_at_once_share_nothing()
    {
        const int many = 16;
        var databases = await Task.WhenAll(Enumerable.Range(0, many).Select(_ => TestDatabase.CreateAsync()));

        await Task.WhenAll(databases.Select(async (database, number) =>
        {
            await database.ExecuteAsync("CREATE TABLE mine (number int NOT NULL)");
            await database.ExecuteAsync("INSERT INTO mine VALUES ($1)", number);
        }));

        var seen = await Task.WhenAll(databases.Select(database => database.ScalarAsync<int>("SELECT number FROM mine")));
        seen.ShouldBe(Enumerable.Range(0, many));
        databases.Select(database => database.Name).Distinct().Count().ShouldBe(many);
        await Task.WhenAll(databases.Select(database => database.DisposeAsync().AsTask()));
    }

    [Fact]
    public async Task Rows_are_read_in_the_form_that_a_test_wants()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("CREATE TABLE orders (id int, state text)");

        (await database.ExecuteAsync("INSERT INTO orders VALUES (1, $1), (2, $2)", "sent", null)).ShouldBe(2);

        (await database.QueryAsync<string?>("SELECT state FROM orders ORDER BY id")).ShouldBe(["sent", null]);
        (await database.QueryAsync(
            "SELECT id, state FROM orders WHERE id >= $1 ORDER BY id",
            row => (row.GetInt32(0), row.IsDBNull(1)),
            1)).ShouldBe([(1, false), (2, true)]);
        (await database.ScalarAsync<long>("SELECT count(*) FROM orders")).ShouldBe(2);
        (await database.ScalarAsync<string>("SELECT state FROM orders WHERE id = 3")).ShouldBeNull();
    }

    [Fact]
    public async Task Disposing_drops_it_though_somebody_is_still_connected()
    {
        var database = await TestDatabase.CreateAsync();
        await using var forgotten = new NpgsqlConnection(database.ConnectionString);
        await forgotten.OpenAsync();

        await database.DisposeAsync();

        await using var again = new NpgsqlConnection(database.ConnectionString);
        var error = await Assert.ThrowsAsync<PostgresException>(() => again.OpenAsync());
        error.SqlState.ShouldBe(PostgresErrorCodes.InvalidCatalogName);
    }

    [Fact]
    public async Task Its_connections_can_be_closed_from_the_server_s_side()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var connection = await database.DataSource.OpenConnectionAsync();

        await database.CloseAllConnectionsAsync();

        await using var command = new NpgsqlCommand("SELECT 1", connection);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => command.ExecuteScalarAsync());
        (await database.ScalarAsync<int>("SELECT 1")).ShouldBe(1);
    }

    [Fact]
    public async Task It_is_reached_by_way_of_a_proxy()
    {
        await using var database = await TestDatabase.CreateAsync();
        var address = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        await using var proxy = await TcpProxy.StartAsync(address.Host!, address.Port);
        await using var source = NpgsqlDataSource.Create(database.ConnectionStringThrough(proxy));

        await using var connection = await source.OpenConnectionAsync();
        proxy.AcceptedConnections.ShouldBe(1);
        proxy.ResetAll();

        await using var command = new NpgsqlCommand("SELECT 1", connection);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => command.ExecuteScalarAsync());
    }
}
