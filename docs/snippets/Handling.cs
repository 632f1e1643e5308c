// The code of docs/handling.md about handlers and their messages. A test compares both with what stands between the marks.
using Npgsql;
using ReliableMq;

namespace Snippets.Taking;

// begin: a-handler
public sealed class ShipmentHandlers(BillingDb db)
{
    [MessageHandler("shipping.order-paid", Retry = "1s, 10s, 1m", Concurrency = 4)]
    public async Task Handle(OrderPaid message, MessageContext context, TimeProvider time, CancellationToken ct)
    {
        db.Invoices.Add(new Invoice { OrderId = message.OrderId });
        await Task.CompletedTask.WaitAsync(ct);
    }

    [MessageHandler("shipping.order-cancelled")]
    public static void Handle(OrderCancelled message, [FromKeyedServices("stock")] NpgsqlDataSource stock) =>
        Console.WriteLine($"{message.OrderId}: {stock.ConnectionString}");
}
// end: a-handler

public sealed class LegacyHandlers(BillingDb db)
{
    // begin: bindings
    [MessageHandler("billing.legacy-invoices")]
    [Binding("legacy", "invoice.created.#")]
    [Binding("legacy", "credit.*")]
    public void Handle(LegacyInvoice message, MessageContext context) =>
        db.Invoices.Add(new Invoice { OrderId = message.OrderId, Total = message.Total });
    // end: bindings

    // begin: batches
    [MessageHandler("billing.ratings", BatchSize = 50, Linger = "200ms")]
    public async Task Handle(IReadOnlyList<OrderRated> messages, IReadOnlyList<MessageContext> contexts, CancellationToken ct)
    {
        db.Invoices.AddRange(messages.Select(message => new Invoice { OrderId = message.OrderId, Total = message.Stars }));
        await db.SaveChangesAsync(ct);
    }
    // end: batches
}

[Message("orders.order-paid.v1")]
public sealed record OrderPaid(Guid OrderId);

[Message("orders.order-cancelled.v1")]
public sealed record OrderCancelled(Guid OrderId);

[Message("orders.order-rated.v1")]
public sealed record OrderRated(Guid OrderId, int Stars);

[Message("legacy.invoice.v1")]
public sealed record LegacyInvoice(Guid OrderId, decimal Total);

// begin: aliases
[Message("orders.parcel-sent.v1", Aliases = ["orders.package-sent.v1"])]
public sealed record ParcelSent(Guid OrderId);
// end: aliases

// begin: upcaster
[Message("orders.address-changed.v1")]
public sealed record AddressChanged1(Guid OrderId, string Address);

[Message("orders.address-changed.v2")]
public sealed record AddressChanged(Guid OrderId, string Street, string City);

public sealed class AddressUpcaster : IMessageUpcaster<AddressChanged1, AddressChanged>
{
    public AddressChanged Upcast(AddressChanged1 message) =>
        message.Address.Split(", ") is [var street, var city]
            ? new AddressChanged(message.OrderId, street, city)
            : throw new FormatException($"\"{message.Address}\" is not a street and a city.");
}
// end: upcaster

public static class Registering
{
    public static void Add(WebApplicationBuilder builder)
    {
        // begin: add-upcaster
        builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq"))
            .AddUpcaster<AddressChanged1, AddressChanged, AddressUpcaster>();
        // end: add-upcaster
    }
}
