using Shop.Contracts;

namespace Shop.Billing;

public sealed class Invoice
{
    public long Number { get; private init; }

    // No unique index, on purpose: it would hide a message that was handled twice. Here the inbox alone
    // sees to it that an order gets one invoice, and the ledger of Shop.Runner counts them.
    public required Guid OrderId { get; init; }
    public required string Customer { get; init; }
    public required decimal Amount { get; init; }
    public required decimal Tax { get; init; }
    public required DateTimeOffset BilledAt { get; init; }

    public static Invoice For(OrderPlaced order, decimal taxRate, DateTimeOffset now) =>
        new()
        {
            OrderId = order.OrderId,
            Customer = order.Customer,
            Amount = order.Amount,
            Tax = decimal.Round(order.Amount * taxRate, 2),
            BilledAt = now,
        };
}
