using ReliableMq;

namespace Shop.Contracts;

/// <summary>An order has its invoice. Published by Billing in the transaction that stores the invoice.</summary>
[Message("billing.order-billed.v1")]
public sealed record OrderBilled(
    Guid OrderId,
    string Customer,
    string Country,
    string Product,
    int Quantity,
    DateTimeOffset PlacedAt);
