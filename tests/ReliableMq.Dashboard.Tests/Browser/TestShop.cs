using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ReliableMq.Dashboard.Tests.Support;
using ReliableMq.TestSupport;

namespace ReliableMq.Dashboard.Tests.Browser;

/// <summary>A service that ships what was paid, with its dashboard: a real broker, a real database, a path base.</summary>
internal sealed class TestShop : IAsyncDisposable
{
    public const string Queue = "shop.order-paid";
    private readonly TestVirtualHost _broker;
    private readonly TestDatabase _database;
    private readonly DashboardHost _host;

    private TestShop(TestVirtualHost broker, TestDatabase database, DashboardHost host) => (_broker, _database, _host) = (broker, database, host);

    /// <summary>Ends with a slash.</summary>
    public Uri Address => new(_host.Client.BaseAddress!, "shop/reliable-mq/");

    public static async Task<TestShop> OpenAsync()
    {
        var broker = await TestVirtualHost.CreateAsync();
        var database = await TestDatabase.CreateAsync();
        await using (var db = new ShopDb(new DbContextOptionsBuilder<ShopDb>().UseNpgsql(database.ConnectionString).Options))
        {
            await db.Database.EnsureCreatedAsync();
        }

        var host = await DashboardHost.StartAsync(
            options =>
            {
                options.OperatorPolicy = "operators";
                options.BodyPolicy = "operators";
            },
            services => Register(services, broker, database),
            app =>
            {
                app.UsePathBase("/shop");
                app.UseRouting();
            });
        var shop = new TestShop(broker, database, host);
        try
        {
            await Eventually.TrueAsync(shop.IsConsumingAsync, "the shop consumes", Chromium.Patience);
            return shop;
        }
        catch (ShouldAssertException exception)
        {
            await shop.DisposeAsync();
            throw new ShouldAssertException($"{exception.Message}; its log ends with {string.Join(Environment.NewLine, host.Logs.Entries.Select(entry => entry.Message).Where(message => !message.StartsWith("Health check", StringComparison.Ordinal)).TakeLast(20))}");
        }
    }

    public async Task PayAsync(params OrderPaid[] orders)
    {
        await using var scope = _host.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ShopDb>();
        foreach (var order in orders)
        {
            db.AddMessage(order);
        }

        await db.SaveChangesAsync();
    }

    public Task<List<int>> ShippedAsync() => _database.QueryAsync<int>("SELECT \"OrderId\" FROM \"Shipments\" ORDER BY 1");

    public Task<long> DeadAsync() => _database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.dead_letter WHERE replayed_at IS NULL")!;

    /// <summary>Dead letters as processes would have left them when the carrier was away; orders with the numbers from <paramref name="first"/> on.</summary>
    public Task CarrierWasAwayAsync(int first, int count) => _database.ExecuteAsync(
        $$"""
        INSERT INTO reliable_mq.dead_letter (queue, message_id, epoch, name, exchange, routing_key, content_type, headers, body, attempts, reason, error_type, error, dead_at)
        SELECT '{{Queue}}', 'away-' || n, 0, 'shop.order-paid.v1', 'shop', 'shop.order-paid.v1', 'application/json', '{}', convert_to('{"orderId":' || n || ',"postalCode":"12345"}', 'UTF8'),
               3, 'All attempts are used up.', 'System.TimeoutException', 'System.TimeoutException: The carrier does not answer.' || chr(10) || '   at Shop.Carrier.BookAsync()', clock_timestamp() - interval '1 millisecond' * n
        FROM generate_series({{first}}, {{first + count - 1}}) AS n;
        INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state)
        SELECT '{{Queue}}', 'away-' || n, 0, 3, 'dead' FROM generate_series({{first}}, {{first + count - 1}}) AS n;
        ANALYZE reliable_mq.dead_letter;
        """);

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _broker.DisposeAsync();
        await _database.DisposeAsync();
    }

    private async Task<bool> IsConsumingAsync() =>
        (await _host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries["reliable-mq-consumers"].Status is HealthStatus.Healthy;

    private static void Register(IServiceCollection services, TestVirtualHost broker, TestDatabase database)
    {
        // Whoever says so is an operator.
        services.AddAuthorizationBuilder().AddPolicy("operators", policy => policy.RequireAssertion(context => context.Resource is HttpContext http && http.Request.Headers["X-Role"] == "operator"));
        services.AddDbContextPool<ShopDb>(options => options.UseNpgsql(database.ConnectionString));
        var settings = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Service"] = "shop",
            ["Broker:Hosts"] = $"{broker.HostName}:{broker.Port}",
            ["Broker:VirtualHost"] = broker.VirtualHost,
            ["Broker:UserName"] = broker.UserName,
            ["Broker:Password"] = broker.Password,
            ["Database:CreateSchema"] = "true",
        }).Build();
        services.AddReliableMq(settings).AddInbox<ShopDb>().AddHandler(new HandlerDefinition
        {
            Queue = Queue,
            MessageName = "shop.order-paid.v1",
            MessageType = typeof(OrderPaid),
            HandlerName = "shop.Handle",
            Retry = "50ms",
            Concurrency = 8,
            Invoke = (scope, message, _) =>
            {
                var order = (OrderPaid)message;
                scope.GetRequiredService<ShopDb>().Shipments.Add(new Shipment
                {
                    OrderId = order.PostalCode.All(char.IsAsciiDigit) ? order.OrderId : throw new FormatException($"The postal code \"{order.PostalCode}\" of order {order.OrderId} is not one."),
                });
                return ValueTask.CompletedTask;
            },
        });
    }
}

[Message("shop.order-paid.v1")]
internal sealed record OrderPaid(int OrderId, string PostalCode);

internal sealed class Shipment
{
    public long Id { get; init; }

    public required int OrderId { get; init; }
}

internal sealed class ShopDb(DbContextOptions<ShopDb> options) : DbContext(options)
{
    public DbSet<Shipment> Shipments => Set<Shipment>();
}
