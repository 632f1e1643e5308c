using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shop.Contracts;

namespace Shop.Orders;

public sealed record PlaceOrder(
    Guid OrderId, string Customer, string Country, string Product, int Quantity, decimal UnitPrice);

internal static class OrdersApi
{
    public static void MapOrders(this IEndpointRouteBuilder app)
    {
        app.MapPost("/orders", PlaceAsync);
        app.MapGet("/orders/{id:guid}", async (Guid id, OrdersDb db, CancellationToken ct) =>
            await db.Orders.FindAsync([id], ct) is { } order ? Results.Ok(order) : Results.NotFound());
    }

    private static async Task<IResult> PlaceAsync(
        PlaceOrder request, OrdersDb db, TimeProvider clock, CancellationToken ct)
    {
        var order = new Order
        {
            Id = request.OrderId,
            Customer = request.Customer,
            Country = request.Country,
            Product = request.Product,
            Quantity = request.Quantity,
            Amount = request.Quantity * request.UnitPrice,
            PlacedAt = clock.GetUtcNow(),
        };

        db.Orders.Add(order);
        db.AddMessage(new OrderPlaced(
            order.Id, order.Customer, order.Country, order.Product, order.Quantity, order.Amount, order.PlacedAt));
        try
        {
            await db.SaveChangesAsync(ct);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Asked again: the order is there, and this copy of it was rolled back together with its message.
            return Results.Ok();
        }

        return Results.Created($"/orders/{order.Id}", order);
    }
}
