// The code of docs/storing.md. A test compares it with what stands between the marks.
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using ReliableMq;

namespace Snippets;

public static class Storing
{
    public static async Task SaveAsync(OrdersDb db, Order order, CancellationToken ct)
    {
        // begin: storing-ef
        db.Orders.Add(order);
        db.AddMessage(new OrderPlaced(order.Id, order.Total));
        await db.SaveChangesAsync(ct);
        // end: storing-ef
    }

    public static async Task FactoryAsync(IDbContextFactory<OrdersDb> contexts, Order order, CancellationToken ct)
    {
        // begin: storing-factory
        await using var db = await contexts.CreateDbContextAsync(ct);
        db.Orders.Add(order);
        db.AddMessage(new OrderPlaced(order.Id, order.Total));
        await db.SaveChangesAsync(ct);
        // end: storing-factory
    }

    public static async Task AdoAsync(IOutbox outbox, NpgsqlDataSource dataSource, Order order, CancellationToken ct)
    {
        // begin: storing-ado
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        // … your own statements …
        await outbox.AddAsync(transaction, new OrderPlaced(order.Id, order.Total), cancellationToken: ct);
        await transaction.CommitAsync(ct);
        // end: storing-ado
    }

    public static async Task AdoOfContextAsync(IOutbox<BillingDb> outbox, NpgsqlTransaction transaction, Order order, CancellationToken ct)
    {
        // begin: storing-ado-context
        // IOutbox<BillingDb> outbox
        await outbox.AddAsync(transaction, new OrderPlaced(order.Id, order.Total), cancellationToken: ct);
        // end: storing-ado-context
    }

    public static void Schemas(WebApplicationBuilder builder)
    {
        // begin: storing-schemas
        builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq"))
            .AddOutbox<OrdersDb>(schema: "orders_mq")
            .AddInbox<BillingDb>(schema: "billing_mq");
        // end: storing-schemas
    }

    public static void Raw(OrdersDb db, byte[] picture)
    {
        // begin: storing-raw
        db.AddMessage(new RawMessage("orders.label-printed.v1", picture, "image/png"));
        // end: storing-raw
    }

    public static void Serializers(WebApplicationBuilder builder)
    {
        // begin: storing-serializers
        builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq"))
            .AddJsonContext(OrdersJson.Default)
            .AddSerializer<CoordinatesSerializer>();
        // end: storing-serializers
    }
}

// begin: storing-migrations
public sealed class ShopDb(DbContextOptions<ShopDb> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        // … your own entities …
        modelBuilder.AddReliableMq();
    }
}
// end: storing-migrations

// begin: storing-json-context
[JsonSerializable(typeof(OrderPlaced))]
public sealed partial class OrdersJson : JsonSerializerContext;
// end: storing-json-context

// begin: storing-serializer
[Message("orders.truck-moved.v1", ContentType = "application/x-coordinates")]
public sealed record TruckMoved(float Latitude, float Longitude);

public sealed class CoordinatesSerializer : IMessageSerializer
{
    public string ContentType => "application/x-coordinates";

    public byte[] Serialize(object message) =>
        message is TruckMoved moved ? [.. BitConverter.GetBytes(moved.Latitude), .. BitConverter.GetBytes(moved.Longitude)] : throw new NotSupportedException();

    public object Deserialize(ReadOnlyMemory<byte> body, Type type) =>
        new TruckMoved(BitConverter.ToSingle(body.Span), BitConverter.ToSingle(body.Span[4..]));
}
// end: storing-serializer
