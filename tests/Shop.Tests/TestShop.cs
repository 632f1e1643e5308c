using Npgsql;
using ReliableMq.TestSupport;
using Shop.Runner.Running;

namespace Shop.Tests;

/// <summary>A Shop of a test's own on the servers that all tests share.</summary>
internal sealed class TestShop : IAsyncDisposable
{
    /// <summary>For what takes a busy machine long: starting six processes, a kill and its aftermath.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Servers _servers;
    private readonly string _name;

    private TestShop(Servers servers, string name)
    {
        _servers = servers;
        _name = name;
    }

    public static async Task<TestShop> CreateAsync(string name)
    {
        var ((host, port, user, password, management), postgres) = await SharedServers.GetAsync();
        var rabbitMq = new Uri($"amqp://{Uri.EscapeDataString(user)}:{Uri.EscapeDataString(password)}@{host}:{port}");
        var shop = new TestShop(new(rabbitMq, management, postgres.ConnectionString), name);
        await shop.DropAsync();
        return shop;
    }

    /// <summary>Starts Shop.Runner with few orders; it leaves after its ledger.</summary>
    public ChildProcess StartRunner() =>
        BuiltProgram.Start("Shop.Runner", ["--orders", "200", "--exit", "--name", _name], new Dictionary<string, string?>
        {
            ["RELIABLEMQ_POSTGRES"] = _servers.Postgres,
            ["RELIABLEMQ_RABBITMQ"] = _servers.RabbitMq.ToString(),
            ["RELIABLEMQ_RABBITMQ_MANAGEMENT"] = _servers.Management.ToString(),
        });

    /// <summary>The first value that a statement on Billing's database gives.</summary>
    public async Task<object?> BillingAsync(string sql)
    {
        await using var billing = NpgsqlDataSource.Create(ConnectionString($"{_name}_billing"));
        await using var command = billing.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Without a pool, so that nothing is in the way when the database is dropped.</summary>
    public string ConnectionString(string database) =>
        new NpgsqlConnectionStringBuilder(_servers.Postgres) { Database = database, Pooling = false }.ConnectionString;

    public ShopDatabases Databases() => new(_servers.Postgres, _name);

    public ShopVirtualHost VirtualHost() => new(_servers, _name);

    public async ValueTask DisposeAsync() => await DropAsync();

    private async Task DropAsync()
    {
        using var virtualHost = VirtualHost();
        await using var databases = Databases();
        await databases.OpenAsync(CancellationToken.None);
        await databases.DropAsync(() => virtualHost.DeleteAsync(CancellationToken.None), CancellationToken.None);
    }
}
