using System.Net;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Dashboard.Tests.Support;
using ReliableMq.TestSupport;

namespace ReliableMq.Dashboard.Tests;

public sealed class Two_databases_in_one_process : IAsyncLifetime
{
    private TestVirtualHost _broker = null!;
    private TestDatabase _orders = null!;
    private TestDatabase _stock = null!;
    private ServiceRows _elsewhere = null!;
    private DashboardHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        (_broker, _orders, _stock, _elsewhere) = (await TestVirtualHost.CreateAsync(), await TestDatabase.CreateAsync(), await TestDatabase.CreateAsync(), await ServiceRows.CreateAsync("elsewhere"));
        await _elsewhere.Database.ExecuteAsync("INSERT INTO reliable_mq.consumer_setting (queue, setting, lasting) VALUES ('two.orders', 'paused', true)");
        _host = await DashboardHost.StartAsync(options => options.AddService("elsewhere", _elsewhere.Database.DataSource), services =>
        {
            services.AddDbContextPool<OrdersDb>(db => db.UseNpgsql(_orders.ConnectionString));
            services.AddDbContextPool<StockDb>(db => db.UseNpgsql(_stock.ConnectionString));
            var settings = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Service"] = "two",
                ["Broker:Hosts"] = $"{_broker.HostName}:{_broker.Port}",
                ["Broker:VirtualHost"] = _broker.VirtualHost,
                ["Broker:UserName"] = _broker.UserName,
                ["Broker:Password"] = _broker.Password,
                ["Database:CreateSchema"] = "true",
            }).Build();
            services.AddReliableMq(settings).AddInbox<OrdersDb>().AddInbox<StockDb>()
                .AddHandler(Handler("two.orders", "two.order-placed.v1", typeof(OrderPlaced), typeof(OrdersDb)))
                .AddHandler(Handler("two.stock", "two.stock-changed.v1", typeof(StockChanged), typeof(StockDb)))
                .AddHandler(Handler("two.mails", "two.mail-asked.v1", typeof(MailAsked), typeof(NoInbox)));
        });
        await Eventually.TrueAsync(async () => (await ItemsAsync()).Count(item => item["depth"] is not null && (string)item["service"]! != "elsewhere") == 3, "all three are consumed", TimeSpan.FromMinutes(1));
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _elsewhere.DisposeAsync();
        await _orders.DisposeAsync();
        await _stock.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [Fact]
    public async Task Each_queue_is_shown_once_where_its_inbox_is()
    {
        var items = await ItemsAsync();

        var own = items.Where(item => (string)item["service"]! != "elsewhere").ToList();
        own.Select(item => $"{item["service"]} {item["queue"]} {item["consumers"]!.AsArray().Count}").ShouldBe(["two.OrdersDb two.orders 1", "two.OrdersDb two.mails 1", "two.StockDb two.stock 1"], ignoreOrder: true);
        var mails = own.Single(item => (string)item["queue"]! == "two.mails");
        ((bool)mails["failing"]!["isUnknown"]!, (bool)mails["deadLetters"]!["isUnknown"]!).ShouldBe((true, true));
        ((bool)own.Single(item => (string)item["queue"]! == "two.stock")["failing"]!["isUnknown"]!).ShouldBeFalse();
    }

    [Fact]
    public async Task A_queue_is_changed_and_audited_where_its_inbox_is_only()
    {
        (await _host.PostAsync("queues/pause", new { service = "two.StockDb", queue = "two.orders", lasting = false })).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        await _host.ChangeAsync("queues/pause", new { service = "two.OrdersDb", queue = "two.orders", lasting = false });

        (await AuditAsync(_stock)).ShouldBeEmpty();
        (await AuditAsync(_orders)).ShouldBe(["pause two.orders for those that run"]);
    }

    [Fact]
    public async Task A_queue_without_a_database_is_not_changed_where_that_cannot_be_written_down()
    {
        await _orders.ExecuteAsync("ALTER TABLE reliable_mq.audit ADD CONSTRAINT full_disk CHECK (action <> 'pause')");
        (await _host.PostAsync("queues/pause", new { service = "two.OrdersDb", queue = "two.mails", lasting = false })).IsSuccessStatusCode.ShouldBeFalse();
        (await PausedAsync()).ShouldBeFalse();

        await _orders.ExecuteAsync("ALTER TABLE reliable_mq.audit DROP CONSTRAINT full_disk");
        (await _host.PostAsync("queues/pause", new { service = "two.OrdersDb", queue = "two.mails", lasting = true })).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await AuditAsync(_orders)).ShouldBeEmpty("what was refused was not done");
        await _host.ChangeAsync("queues/pause", new { service = "two.OrdersDb", queue = "two.mails", lasting = false });
        (await PausedAsync()).ShouldBeTrue();
        (await AuditAsync(_orders)).ShouldBe(["pause two.mails In the process that serves the dashboard only."]);

        async Task<bool> PausedAsync() => (bool)(await ItemsAsync()).Single(item => (string)item["queue"]! == "two.mails")["settings"]!["isPaused"]!;
    }

    [Fact]
    public async Task Nothing_is_said_of_differences_where_nothing_was_compared()
    {
        await Eventually.TrueAsync(async () => (await ItemsAsync()).Single(item => (string)item["queue"]! == "two.stock")["differences"] is not null, "it was looked at", TimeSpan.FromMinutes(1));

        var remote = (await ItemsAsync()).Single(item => (string)item["service"]! == "elsewhere");

        remote["differences"].ShouldBeNull();
        // This process has a queue of that name; nobody knows whether the other service has the same broker.
        ((bool)remote["isSameBrokerAssumed"]!).ShouldBeTrue();
        (await ItemsAsync()).Where(item => (string)item["service"]! != "elsewhere").ShouldAllBe(item => !(bool)item["isSameBrokerAssumed"]!);
    }

    private async Task<List<JsonNode>> ItemsAsync() => [.. (await _host.GetAsync("queues"))["items"]!.AsArray().Select(item => item!)];

    private static Task<List<string>> AuditAsync(TestDatabase database) => database.QueryAsync<string>("SELECT action || ' ' || target || coalesce(' ' || details, '') FROM reliable_mq.audit ORDER BY id");

    private static HandlerDefinition Handler(string queue, string message, Type type, Type inbox) => new()
    {
        Queue = queue, MessageName = message, MessageType = type, HandlerName = queue, Inbox = inbox, Invoke = (_, _, _) => ValueTask.CompletedTask,
    };
}

[Message("two.order-placed.v1")]
internal sealed record OrderPlaced(int Number);

[Message("two.stock-changed.v1")]
internal sealed record StockChanged(int Number);

[Message("two.mail-asked.v1")]
internal sealed record MailAsked(int Number);

internal sealed class OrdersDb(DbContextOptions<OrdersDb> options) : DbContext(options);

internal sealed class StockDb(DbContextOptions<StockDb> options) : DbContext(options);
