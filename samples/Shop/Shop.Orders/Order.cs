namespace Shop.Orders;

public sealed class Order
{
    public required Guid Id { get; init; }
    public required string Customer { get; init; }
    public required string Country { get; init; }
    public required string Product { get; init; }
    public required int Quantity { get; init; }
    public required decimal Amount { get; init; }
    public required DateTimeOffset PlacedAt { get; init; }
}
