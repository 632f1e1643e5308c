// The code of README.md and docs/getting-started.md. A test compares both with what stands between the marks.
using Microsoft.EntityFrameworkCore;
using ReliableMq;

namespace Snippets;

// begin: message
[Message("orders.order-placed.v1")]
public sealed record OrderPlaced(Guid OrderId, decimal Total);
// end: message

public sealed class Order
{
    public Guid Id { get; set; } = Guid.CreateVersion7();
    public decimal Total { get; set; }
}

public sealed class Invoice
{
    public Guid Id { get; set; } = Guid.CreateVersion7();
    public Guid OrderId { get; set; }
    public decimal Total { get; set; }

    public static Invoice For(Guid orderId, decimal total) => new() { OrderId = orderId, Total = total };
}

public sealed class OrdersDb(DbContextOptions<OrdersDb> options) : DbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();
}

public sealed class BillingDb(DbContextOptions<BillingDb> options) : DbContext(options)
{
    public DbSet<Invoice> Invoices => Set<Invoice>();
}

// begin: handler
public sealed class BillingHandlers(BillingDb db)
{
    [MessageHandler("billing.order-placed", Retry = "1s, 10s, 1m, 10m")]
    public void Handle(OrderPlaced message) =>
        db.Invoices.Add(new Invoice { OrderId = message.OrderId, Total = message.Total });
}
// end: handler

public static class Quickstart
{
    public static void RegisterProducer(WebApplicationBuilder builder)
    {
        // begin: register-producer
        builder.Services.AddDbContext<OrdersDb>(options => options.UseNpgsql(builder.Configuration.GetConnectionString("Orders")));
        builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq"))
            .AddOutbox<OrdersDb>();
        // end: register-producer
    }

    public static void RegisterConsumer(WebApplicationBuilder builder)
    {
        // begin: register-consumer
        builder.Services.AddDbContext<BillingDb>(options => options.UseNpgsql(builder.Configuration.GetConnectionString("Billing")));
        builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq"))
            .AddInbox<BillingDb>()
            .AddBillingHandlers();
        // end: register-consumer
    }

    public static async Task SaveAsync(OrdersDb db, Order order, CancellationToken ct)
    {
        // begin: save
        db.Orders.Add(order);
        db.AddMessage(new OrderPlaced(order.Id, order.Total));
        await db.SaveChangesAsync(ct);   // both or neither; it is sent after the commit
        // end: save
    }

    public static async Task AddWithOptionsAsync(OrdersDb db, Order order, CancellationToken ct)
    {
        // begin: message-options
        db.AddMessage(new OrderPlaced(order.Id, order.Total), new MessageOptions
        {
            MessageId = $"order-placed-{order.Id}",
            CorrelationId = order.Id.ToString(),
            DeliverAt = TimeProvider.System.GetUtcNow().AddMinutes(30),
            Headers = new Dictionary<string, string> { ["tenant"] = "north" },
        });
        await db.SaveChangesAsync(ct);
        // end: message-options
    }

    public static async Task AddWithoutEfAsync(IOutbox outbox, Npgsql.NpgsqlConnection connection, Order order, CancellationToken ct)
    {
        // begin: without-ef
        await using var transaction = await connection.BeginTransactionAsync(ct);
        // … your own statements, by Dapper or plain ADO.NET
        await outbox.AddAsync(transaction, new OrderPlaced(order.Id, order.Total), cancellationToken: ct);
        await transaction.CommitAsync(ct);   // it is sent within about a second
        // end: without-ef
    }

    public static async Task PublishAsync(IMessagePublisher publisher, Order order, CancellationToken ct)
    {
        // begin: without-database
        await publisher.PublishAsync(new OrderPlaced(order.Id, order.Total), cancellationToken: ct);
        // end: without-database
    }

    public static void MapHealth(WebApplication app)
    {
        // begin: health
        app.MapHealthChecks("/health");
        // end: health
    }

    public static async Task ListDeadLettersAsync(IDeadLetters deadLetters, CancellationToken ct)
    {
        // begin: dead-letters
        await foreach (var dead in deadLetters.ListAsync(new DeadLetterFilter { Queue = "billing.order-placed" }, ct))
        {
            Console.WriteLine($"{dead.MessageId} after {dead.Attempts} attempts: {dead.Reason}");
        }
        // end: dead-letters
    }

    public static void PrintSchema()
    {
        // begin: schema-script
        Console.WriteLine(ReliableMqSchema.Script());
        // end: schema-script
    }
}

// begin: permanent-failure
public sealed class RefundHandlers(BillingDb db)
{
    [MessageHandler("billing.refunds", Retry = "500ms, 5s", Concurrency = 4, Timeout = "30s")]
    public async Task HandleAsync(RefundRequested message, MessageContext context, CancellationToken ct)
    {
        var invoice = await db.Invoices.FirstOrDefaultAsync(i => i.OrderId == message.OrderId, ct)
            ?? throw new PermanentFailureException($"Order {message.OrderId} has no invoice to refund.");
        invoice.Total = 0;
        db.AddMessage(new Refunded(message.OrderId, context.Attempt));
    }
}
// end: permanent-failure

[Message("billing.refund-requested.v1")]
public sealed record RefundRequested(Guid OrderId);

[Message("billing.refunded.v1")]
public sealed record Refunded(Guid OrderId, int Attempts);
