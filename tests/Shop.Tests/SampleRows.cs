using Microsoft.EntityFrameworkCore;
using Shop.Billing;
using Shop.Orders;
using Shop.Runner.Data;
using Shop.Shipping;

namespace Shop.Tests;

/// <summary>Fills the databases as the services would, without running them.</summary>
internal static class SampleRows
{
    public static readonly DateTimeOffset PlacedAt = new(2026, 1, 5, 8, 0, 0, TimeSpan.Zero);
    public static readonly TimeSpan Latency = TimeSpan.FromSeconds(2);

    public static Task PlaceAsync(string connectionString, IEnumerable<OrderLine> lines) =>
        FillAsync(new OrdersDb(Options<OrdersDb>(connectionString)), lines.Select(line => new Order
        {
            Id = line.OrderId,
            Customer = line.Customer,
            Country = line.Country,
            Product = line.Product,
            Quantity = line.Quantity,
            Amount = line.Amount,
            PlacedAt = PlacedAt,
        }));

    public static Task BillAsync(string connectionString, IEnumerable<OrderLine> lines) =>
        FillAsync(new BillingDb(Options<BillingDb>(connectionString)), lines.Select(line => Invoice.For(
            new(line.OrderId, line.Customer, line.Country, line.Product, line.Quantity, line.Amount, PlacedAt), 0.19m, PlacedAt)));

    public static Task ShipAsync(string connectionString, IEnumerable<OrderLine> lines) =>
        FillAsync(new ShippingDb(Options<ShippingDb>(connectionString)), lines.Select(line => Shipment.For(
            new(line.OrderId, line.Customer, line.Country, line.Product, line.Quantity, PlacedAt), PlacedAt + Latency)));

    private static DbContextOptions<TDb> Options<TDb>(string connectionString)
        where TDb : DbContext =>
        new DbContextOptionsBuilder<TDb>().UseNpgsql(connectionString).Options;

    private static async Task FillAsync(DbContext db, IEnumerable<object> rows)
    {
        await using (db)
        {
            await db.Database.EnsureCreatedAsync();
            db.AddRange(rows);
            await db.SaveChangesAsync();
        }
    }
}
