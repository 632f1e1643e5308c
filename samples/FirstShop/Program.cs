// begin: first-shop
using Microsoft.EntityFrameworkCore;
using ReliableMq;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddDbContext<ShopDb>(options => options.UseNpgsql(builder.Configuration.GetConnectionString("Shop")));
builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq"))
    .AddInbox<ShopDb>()        // brings the outbox, too
    .AddFirstShopHandlers();   // generated, named after the project
builder.Services.AddReliableMqDashboard();

var app = builder.Build();
await using (var scope = app.Services.CreateAsyncScope())
{
    await scope.ServiceProvider.GetRequiredService<ShopDb>().Database.EnsureCreatedAsync();
}

app.MapPost("/orders", async (decimal total, ShopDb db, CancellationToken ct) =>
{
    var order = new Order { Total = total };
    db.Orders.Add(order);
    db.AddMessage(new OrderPlaced(order.Id, order.Total));
    await db.SaveChangesAsync(ct);   // both or neither; it is sent after the commit
    return order;
});
app.MapReliableMqDashboard("/reliable-mq");
await app.RunAsync();

[Message("orders.order-placed.v1")]
public sealed record OrderPlaced(Guid OrderId, decimal Total);

public sealed class BillingHandlers(ShopDb db)
{
    [MessageHandler("billing.order-placed", Retry = "1s, 10s, 1m")]
    public void Handle(OrderPlaced message)
    {
        if (message.Total < 0)
        {
            throw new PermanentFailureException($"The total of order {message.OrderId} is {message.Total}.");
        }

        db.Invoices.Add(new Invoice { OrderId = message.OrderId, Total = message.Total });
    }
}

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
}

public sealed class ShopDb(DbContextOptions<ShopDb> options) : DbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();
    public DbSet<Invoice> Invoices => Set<Invoice>();
}
// end: first-shop
