using Shop.Contracts;

namespace Shop.Shipping;

public sealed class Shipment
{
    public long Number { get; private init; }

    // No unique index, on purpose: it would hide a message that was handled twice. Here the inbox alone
    // sees to it that an order is shipped once, and the ledger of Shop.Runner counts the shipments.
    public required Guid OrderId { get; init; }
    public required string Customer { get; init; }
    public required string Country { get; init; }
    public required string Product { get; init; }
    public required int Quantity { get; init; }
    public required DateTimeOffset PlacedAt { get; init; }
    public required DateTimeOffset ShippedAt { get; init; }

    public static Shipment For(OrderBilled order, DateTimeOffset now) =>
        new()
        {
            OrderId = order.OrderId,
            Customer = order.Customer,
            Country = order.Country,
            Product = order.Product,
            Quantity = order.Quantity,
            PlacedAt = order.PlacedAt,
            ShippedAt = now,
        };
}
