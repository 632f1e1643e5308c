// The code of docs/handling.md about ids and handlers without a database. A test compares both with what stands between the marks.
using ReliableMq;

namespace Snippets.Remembering;

public sealed class LegacyOrderHandlers(BillingDb db)
{
    // begin: derived-ids
    [MessageHandler("billing.legacy-orders", DeriveMessageIds = true)]
    public void HandleLegacy(LegacyOrder message) => db.Invoices.Add(new Invoice { OrderId = message.OrderId });
    // end: derived-ids
}

[Message("legacy.order.v1")]
public sealed record LegacyOrder(Guid OrderId);

[Message("catalog.price-changed.v1")]
public sealed record PriceChanged(Guid ProductId, decimal Price);

public sealed class PriceCache
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<Guid, decimal> _prices = [];

    public void Set(Guid product, decimal price) => _prices[product] = price;
}

// begin: no-inbox
public static class CacheHandlers
{
    [MessageHandler("web.price-changed", Inbox = typeof(NoInbox), Retry = "1s, 5s")]
    public static void Handle(PriceChanged message, PriceCache cache) => cache.Set(message.ProductId, message.Price);
}
// end: no-inbox
