using ReliableMq;

namespace Shop.Contracts;

/// <summary>A customer placed an order. Published by Orders in the transaction that stores the order.</summary>
[Message("orders.order-placed.v1")]
public sealed record OrderPlaced(
    Guid OrderId,
    string Customer,
    string Country,
    string Product,
    int Quantity,
    decimal Amount,
    DateTimeOffset PlacedAt);
