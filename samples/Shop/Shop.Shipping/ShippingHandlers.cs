using ReliableMq;
using Shop.Contracts;

namespace Shop.Shipping;

public sealed class ShippingHandlers(ShippingDb db, TimeProvider clock)
{
    [MessageHandler("shipping.order-billed", Retry = "200ms, 500ms, 1s")]
    public void Handle(OrderBilled order) => db.Shipments.Add(Shipment.For(order, clock.GetUtcNow()));
}
