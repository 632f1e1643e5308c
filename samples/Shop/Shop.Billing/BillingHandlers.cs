using Microsoft.EntityFrameworkCore;
using ReliableMq;
using Shop.Contracts;

namespace Shop.Billing;

public sealed class BillingHandlers(BillingDb db, ITaxRates taxRates, TimeProvider clock)
{
    // The invoice, the next message and the note in the inbox are one transaction: all or nothing, once.
    [MessageHandler("billing.order-placed", Retry = "200ms, 500ms, 1s")]
    public async Task Handle(OrderPlaced order, CancellationToken ct)
    {
        if (Refusal.Of(order.Product, order.Amount) is { } refusal)
        {
            throw new OrderRefusedException(order.OrderId, refusal);
        }

        var taxRate = await taxRates.GetAsync(order, ct);
        db.Invoices.Add(Invoice.For(order, taxRate, clock.GetUtcNow()));
        db.AddMessage(new OrderBilled(
            order.OrderId, order.Customer, order.Country, order.Product, order.Quantity, order.PlacedAt));
    }
}
