using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RabbitMQ.Client;
using ReliableMq.TestSupport;
using Shop.Contracts;
using Shop.Runner.Data;
using Xunit;

namespace Shop.Tests;

public sealed class When_an_order_is_placed_twice
{
    [Fact]
    public async Task It_is_stored_and_published_once()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var broker = await TestVirtualHost.CreateAsync();
        await broker.UseChannelAsync(async channel =>
        {
            await channel.ExchangeDeclareAsync("orders", ExchangeType.Topic, durable: true);
            await channel.QueueDeclareAsync("seen", durable: true, exclusive: false, autoDelete: false);
            await channel.QueueBindAsync("seen", "orders", "#");
        });
        await using var orders = BuiltProgram.Start("Shop.Orders", [], new Dictionary<string, string?>
        {
            ["Urls"] = "http://127.0.0.1:0",
            ["ConnectionStrings__Orders"] = database.ConnectionString,
            ["ReliableMq__Broker__Hosts"] = $"{broker.HostName}:{broker.Port}",
            ["ReliableMq__Broker__VirtualHost"] = broker.VirtualHost,
            ["ReliableMq__Broker__UserName"] = broker.UserName,
            ["ReliableMq__Broker__Password"] = broker.Password,
        });
        var listening = await orders.WaitForLineAsync(line => line.Contains("Now listening on: "));
        using var http = new HttpClient { BaseAddress = new Uri(listening.Split("Now listening on: ")[1]) };
        var first = new OrderLine(Guid.NewGuid(), "Ada Novak", "DE", "MUG-BLUE-300", 2, 14.00m);
        var second = first with { OrderId = Guid.NewGuid() };

        (await PlaceAsync(first)).ShouldBe(HttpStatusCode.Created);
        (await PlaceAsync(first)).ShouldBe(HttpStatusCode.OK);
        (await PlaceAsync(second)).ShouldBe(HttpStatusCode.Created);

        (await NextAsync()).OrderId.ShouldBe(first.OrderId);
        (await NextAsync() with { PlacedAt = default })
            .ShouldBe(new OrderPlaced(second.OrderId, "Ada Novak", "DE", "MUG-BLUE-300", 2, 28.00m, default));
        (await database.ScalarAsync<long>("""select count(*) from "Orders" """)).ShouldBe(2);

        async Task<HttpStatusCode> PlaceAsync(OrderLine order)
        {
            using var response = await http.PostAsJsonAsync("orders", order);
            return response.StatusCode;
        }

        async Task<OrderPlaced> NextAsync()
        {
            var message = await Eventually.FoundAsync(() => broker.GetAsync("seen"), "the next message");
            return JsonSerializer.Deserialize<OrderPlaced>(message.Body.Span, JsonSerializerOptions.Web)!;
        }
    }
}
