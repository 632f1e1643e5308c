using Microsoft.EntityFrameworkCore;
using ReliableMq.TestSupport;
using Shop.Billing;
using Shop.Contracts;
using Shop.Orders;
using Shop.Runner.Data;
using Shop.Runner.Ledgers;
using Shop.Runner.Running;
using Shop.Shipping;
using Xunit;
using DeadOrder = Shop.Runner.Ledgers.DeadOrder;

namespace Shop.Tests;

/// <summary>The ledger read from tables as the services make them.</summary>
public sealed class LedgerOfDatabaseTests : IAsyncLifetime
{
    private static readonly IReadOnlyList<OrderLine> Lines = OrdersCsv.Read(OrdersCsv.DefaultPath, 300);
    private static readonly DateTimeOffset Now = new(2026, 1, 5, 8, 0, 0, TimeSpan.Zero);

    private static readonly IReadOnlyList<DeadOrder> DeadOrders =
        [.. Lines.Where(line => line.Refusal is not null).Select(line => new DeadOrder(line.OrderId, $"Refused: {line.Refusal}."))];

    private TestDatabase _orders = null!;
    private TestDatabase _billing = null!;
    private TestDatabase _shipping = null!;

    [Fact]
    public async Task Balances_when_every_good_order_has_one_invoice_and_one_shipment()
    {
        var report = await CheckAsync();

        report.Differences.ShouldBeEmpty();
        (report.Placed, report.InvoicedOnce, report.ShippedOnce, report.DeadWithReason).ShouldBe((300, 297, 297, 3));
    }

    [Fact]
    public async Task Names_the_order_whose_invoice_is_deleted_and_the_one_whose_invoice_is_doubled()
    {
        var good = Lines.Where(line => line.Refusal is null).ToList();
        var (deleted, doubled) = (good[17].OrderId, good[42].OrderId);

        await _billing.ExecuteAsync("""delete from "Invoices" where "OrderId" = $1""", deleted);
        await _billing.ExecuteAsync(
            """
            insert into "Invoices" ("OrderId", "Customer", "Amount", "Tax", "BilledAt")
            select "OrderId", "Customer", "Amount", "Tax", "BilledAt" from "Invoices" where "OrderId" = $1
            """,
            doubled);

        var report = await CheckAsync();
        report.Balances.ShouldBeFalse();
        report.Differences.ShouldBe([new(deleted, "invoiced 0 times"), new(doubled, "invoiced 2 times")]);
        report.InvoicedOnce.ShouldBe(295);
    }

    [Fact]
    public async Task Progress_counts_what_the_tables_hold()
    {
        await using var data = OpenData();

        (await data.CountAsync(CancellationToken.None)).ShouldBe(new ShopCounts(Orders: 300, BadOrders: 3, Invoices: 297, Shipments: 297));
        (await data.LatencyAsync(Now, CancellationToken.None)).ShouldBe(new Latency(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2)));
        (await data.LatencyAsync(Now.AddSeconds(1), CancellationToken.None)).ShouldBeNull();
    }

    public async ValueTask InitializeAsync()
    {
        _orders = await TestDatabase.CreateAsync();
        _billing = await TestDatabase.CreateAsync();
        _shipping = await TestDatabase.CreateAsync();
        var good = Lines.Where(line => line.Refusal is null).ToList();
        await FillAsync(new OrdersDb(Options<OrdersDb>(_orders)), Lines.Select(Order));
        await FillAsync(new BillingDb(Options<BillingDb>(_billing)), good.Select(line => Invoice.For(Placed(line), 0.19m, Now)));
        await FillAsync(new ShippingDb(Options<ShippingDb>(_shipping)), good.Select(line => Shipment.For(Billed(line), Now.AddSeconds(2))));
    }

    public async ValueTask DisposeAsync()
    {
        await _orders.DisposeAsync();
        await _billing.DisposeAsync();
        await _shipping.DisposeAsync();
    }

    private async Task<LedgerReport> CheckAsync()
    {
        await using var data = OpenData();
        return Ledger.Check(Lines, await data.ReadAsync(DeadOrders, CancellationToken.None));
    }

    private ShopData OpenData() => new(_orders.ConnectionString, _billing.ConnectionString, _shipping.ConnectionString);

    private static DbContextOptions<TDb> Options<TDb>(TestDatabase database)
        where TDb : DbContext =>
        new DbContextOptionsBuilder<TDb>().UseNpgsql(database.ConnectionString).Options;

    private static async Task FillAsync(DbContext db, IEnumerable<object> rows)
    {
        await using (db)
        {
            await db.Database.EnsureCreatedAsync();
            db.AddRange(rows);
            await db.SaveChangesAsync();
        }
    }

    private static Order Order(OrderLine line) => new()
    {
        Id = line.OrderId,
        Customer = line.Customer,
        Country = line.Country,
        Product = line.Product,
        Quantity = line.Quantity,
        Amount = line.Amount,
        PlacedAt = Now,
    };

    private static OrderPlaced Placed(OrderLine line) =>
        new(line.OrderId, line.Customer, line.Country, line.Product, line.Quantity, line.Amount, Now);

    private static OrderBilled Billed(OrderLine line) =>
        new(line.OrderId, line.Customer, line.Country, line.Product, line.Quantity, Now);
}
