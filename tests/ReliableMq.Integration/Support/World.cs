using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ReliableMq.TestSupport;

namespace ReliableMq.Integration.Support;

/// <summary>A virtual host and a database of one test's own.</summary>
internal sealed class World : IAsyncDisposable
{
    private World(TestVirtualHost broker, TestDatabase database)
    {
        Broker = broker;
        Database = database;
    }

    public TestVirtualHost Broker { get; }

    public TestDatabase Database { get; }

    public Addresses Addresses => new($"{Broker.HostName}:{Broker.Port}", Broker.VirtualHost, Broker.UserName, Broker.Password, Database.ConnectionString);

    /// <summary>Starts a service as a process of its own, see <see cref="Worker"/>.</summary>
    public ChildProcess StartProcess(string role, int count = 0, Addresses? addresses = null) =>
        ChildProcess.StartDotNet(typeof(World).Assembly.Location, ["worker", role, $"{count}", JsonSerializer.Serialize(addresses ?? Addresses)]);

    public static async Task<World> CreateAsync(RabbitMqServer? rabbitMq = null, PostgresServer? postgres = null)
    {
        var world = new World(await TestVirtualHost.CreateAsync(rabbitMq), await TestDatabase.CreateAsync(postgres));
        await using var db = world.NewContext();
        await db.Database.EnsureCreatedAsync();
        return world;
    }

    /// <summary>A context without the library.</summary>
    public TestDb NewContext() => new(new DbContextOptionsBuilder<TestDb>().UseNpgsql(Database.ConnectionString).Options);

    /// <summary>Starts a service in this world.</summary>
    public async Task<TestService> StartAsync(Action<TestServiceSetup>? configure = null)
    {
        var service = Build(configure);
        try
        {
            await service.StartAsync();
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    public TestService Build(Action<TestServiceSetup>? configure = null)
    {
        var setup = new TestServiceSetup(Addresses);
        configure?.Invoke(setup);
        return new TestService(setup);
    }

    public async Task<IEnumerable<int>> EffectsAsync() => await Database.QueryAsync<int>("SELECT \"Number\" FROM \"Effects\" ORDER BY \"Number\"");

    /// <summary>The messages that wait in a queue, exactly: what consumers hold is not among them.</summary>
    public Task<uint> ReadyAsync(string queue) => Broker.UseChannelAsync(channel => channel.MessageCountAsync(queue));

    public Task<long> CountAsync(string table) => Database.ScalarAsync<long>($"SELECT count(*) FROM reliable_mq.{table}");

    /// <summary>
    /// Stops the service and counts what it had not settled: that is back in the queue then. Exact, where the
    /// broker's own numbers of unacked messages lag behind.
    /// </summary>
    public async Task ShouldHaveSettledAllAsync(TestService service, params string[] queues)
    {
        await service.StopAsync();
        foreach (var queue in queues)
        {
            (await Broker.UseChannelAsync(channel => channel.MessageCountAsync(queue))).ShouldBe(0u, $"messages left in \"{queue}\"");
        }
    }

    public Task<List<OutboxState>> OutboxAsync() => Database.QueryAsync(
        "SELECT message_id, name, attempts, error_kind, error, node IS NOT NULL FROM reliable_mq.outbox ORDER BY id",
        reader => new OutboxState(reader.GetString(0), reader.GetString(1), reader.GetInt32(2),
            reader.IsDBNull(3) ? null : reader.GetString(3), reader.IsDBNull(4) ? null : reader.GetString(4), reader.GetBoolean(5)));

    /// <summary>A queue that is no service's, bound like one, to see what arrives on the broker.</summary>
    public Task BindPlainQueueAsync(string queue, string exchange, string routingKey, Dictionary<string, object?>? arguments = null) => Broker.UseChannelAsync(async channel =>
    {
        await channel.ExchangeDeclareAsync(exchange, "topic", durable: true, autoDelete: false);
        await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false,
            arguments ?? new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        await channel.QueueBindAsync(queue, exchange, routingKey);
    });

    public async ValueTask DisposeAsync()
    {
        await Broker.DisposeAsync();
        await Database.DisposeAsync();
    }
}

internal sealed record OutboxState(string MessageId, string Name, int Attempts, string? ErrorKind, string? Error, bool Held);
