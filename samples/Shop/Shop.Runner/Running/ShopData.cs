using System.Data.Common;
using Npgsql;
using Shop.Contracts;
using Shop.Runner.Ledgers;

namespace Shop.Runner.Running;

/// <summary>Reads the business tables of the three services.</summary>
internal sealed class ShopData(string orders, string billing, string shipping) : IAsyncDisposable
{
    private readonly NpgsqlDataSource _orders = NpgsqlDataSource.Create(orders);
    private readonly NpgsqlDataSource _billing = NpgsqlDataSource.Create(billing);
    private readonly NpgsqlDataSource _shipping = NpgsqlDataSource.Create(shipping);

    public Task<IReadOnlyList<Guid>> OrdersAsync(CancellationToken ct) =>
        RowsAsync(_orders, """select "Id" from "Orders" """, row => row.GetGuid(0), ct);

    public Task<IReadOnlyList<InvoiceRow>> InvoicesAsync(CancellationToken ct) =>
        RowsAsync(_billing, """select "OrderId", "Amount" from "Invoices" """, row => new InvoiceRow(row.GetGuid(0), row.GetDecimal(1)), ct);

    public Task<IReadOnlyList<Guid>> ShipmentsAsync(CancellationToken ct) =>
        RowsAsync(_shipping, """select "OrderId" from "Shipments" """, row => row.GetGuid(0), ct);

    public async Task<ShopRecords> ReadAsync(IReadOnlyList<DeadOrder> deadOrders, CancellationToken ct) =>
        new(await OrdersAsync(ct), await InvoicesAsync(ct), await ShipmentsAsync(ct), deadOrders);

    public async Task<bool> HasInvoiceAsync(Guid order, CancellationToken ct) =>
        (await InvoicesAsync(ct)).Any(invoice => invoice.OrderId == order);

    public async Task<ShopCounts> CountAsync(CancellationToken ct)
    {
        await using var command = _orders.CreateCommand(
            """
            select count(*)::int, (count(*) filter (where "Amount" < 0 or "Product" <> all ($1)))::int from "Orders"
            """);
        command.Parameters.Add(new() { Value = Catalog.Products.Keys.ToArray() });
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        return new(
            Orders: reader.GetInt32(0),
            BadOrders: reader.GetInt32(1),
            Invoices: await CountAsync(_billing, "Invoices", ct),
            Shipments: await CountAsync(_shipping, "Shipments", ct));
    }

    /// <summary>How long the orders placed since <paramref name="since"/> took; null where none is shipped.</summary>
    public async Task<Latency?> LatencyAsync(DateTimeOffset since, CancellationToken ct)
    {
        await using var command = _shipping.CreateCommand(
            """
            select percentile_cont(array[0.5, 0.95]) within group (order by "ShippedAt" - "PlacedAt")
            from "Shipments" where "PlacedAt" >= $1
            """);
        command.Parameters.Add(new() { Value = since });
        return await command.ExecuteScalarAsync(ct) is TimeSpan[] and [var p50, var p95] ? new(p50, p95) : null;
    }

    public async ValueTask DisposeAsync()
    {
        await _orders.DisposeAsync();
        await _billing.DisposeAsync();
        await _shipping.DisposeAsync();
    }

    private static async Task<int> CountAsync(NpgsqlDataSource database, string table, CancellationToken ct)
    {
        await using var command = database.CreateCommand($"""select count(*)::int from "{table}" """);
        return (int)(await command.ExecuteScalarAsync(ct))!;
    }

    private static async Task<IReadOnlyList<T>> RowsAsync<T>(
        NpgsqlDataSource database, string sql, Func<DbDataReader, T> map, CancellationToken ct)
    {
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = new List<T>();
        while (await reader.ReadAsync(ct))
        {
            rows.Add(map(reader));
        }

        return rows;
    }
}

/// <summary>How many rows the business tables have.</summary>
internal sealed record ShopCounts(int Orders, int BadOrders, int Invoices, int Shipments);
