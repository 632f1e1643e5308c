using System.Net;
using System.Net.Http.Json;
using Shop.Runner.Data;

namespace Shop.Runner.Running;

/// <summary>Places the orders over HTTP, each in a request of its own, as customers would.</summary>
internal static class OrderFeeder
{
    private const int Concurrency = 8;

    public static Task FeedAsync(IEnumerable<OrderLine> orders, Service service, CancellationToken ct) =>
        Parallel.ForEachAsync(
            orders,
            new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = ct },
            async (order, token) => await PlaceAsync(order, service, token));

    private static async Task PlaceAsync(OrderLine order, Service service, CancellationToken ct)
    {
        try
        {
            using var response = await service.Http.PostAsJsonAsync("orders", order, ct);
            if (response.StatusCode is not (HttpStatusCode.Created or HttpStatusCode.OK))
            {
                throw new ShopException($"{service.Name} answered {(int)response.StatusCode} to order {order.OrderId}. Its log: {service.Log}");
            }
        }
        catch (HttpRequestException e)
        {
            throw new ShopException($"{service.Name} did not answer to order {order.OrderId}: {e.Message} Its log: {service.Log}", e);
        }
    }
}
