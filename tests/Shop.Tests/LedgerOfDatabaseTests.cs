using ReliableMq.TestSupport;
using Shop.Runner.Data;
using Shop.Runner.Ledgers;
using Shop.Runner.Running;
using Xunit;

namespace Shop.Tests;

/// <summary>The ledger read from tables as the services make them.</summary>
public sealed class LedgerOfDatabaseTests : IAsyncLifetime
{
    private static readonly IReadOnlyList<OrderLine> Lines = OrdersCsv.Read(OrdersCsv.DefaultPath, 500);
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
        (report.Placed, report.InvoicedOnce, report.ShippedOnce, report.DeadWithReason).ShouldBe((500, 495, 495, 5));
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
        report.InvoicedOnce.ShouldBe(493);
    }

    [Fact]
    public async Task Progress_counts_what_the_tables_hold()
    {
        await using var data = OpenData();

        (await data.CountAsync(CancellationToken.None)).ShouldBe(new ShopCounts(Orders: 500, BadOrders: 5, Invoices: 495, Shipments: 495));
        (await data.LatencyAsync(SampleRows.PlacedAt, CancellationToken.None)).ShouldBe(new Latency(SampleRows.Latency, SampleRows.Latency));
        (await data.LatencyAsync(SampleRows.PlacedAt.AddSeconds(1), CancellationToken.None)).ShouldBeNull();
    }

    public async ValueTask InitializeAsync()
    {
        _orders = await TestDatabase.CreateAsync();
        _billing = await TestDatabase.CreateAsync();
        _shipping = await TestDatabase.CreateAsync();
        var good = Lines.Where(line => line.Refusal is null).ToList();
        await SampleRows.PlaceAsync(_orders.ConnectionString, Lines);
        await SampleRows.BillAsync(_billing.ConnectionString, good);
        await SampleRows.ShipAsync(_shipping.ConnectionString, good);
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
}
