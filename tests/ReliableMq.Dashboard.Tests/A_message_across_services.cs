using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using ReliableMq.Dashboard.Tests.Support;
using ReliableMq.TestSupport;

namespace ReliableMq.Dashboard.Tests;

public sealed class A_message_across_services
{
    /// <summary>A whole service starts and works here beside all other tests.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Its_life_is_told_from_commit_to_last_effect_with_rates_and_a_verdict()
    {
        await using var broker = await TestVirtualHost.CreateAsync();
        await using var database = await TestDatabase.CreateAsync();
        var fails = true;
        await using var host = await DashboardHost.StartAsync(services: services =>
        {
            services.AddSingleton(NpgsqlDataSource.Create(database.ConnectionString));
            var builder = services.AddReliableMq(options =>
            {
                options.Service = "orders";
                options.Broker.Hosts = $"{broker.HostName}:{broker.Port}";
                options.Broker.VirtualHost = broker.VirtualHost;
                options.Broker.UserName = broker.UserName;
                options.Broker.Password = broker.Password;
                options.Database.CreateSchema = true;
            }).AddInbox(provider => provider.GetRequiredService<NpgsqlDataSource>());
            builder.AddHandler(new HandlerDefinition
            {
                Queue = "tests.numbers", MessageName = "tests.numbered.v1", MessageType = typeof(Numbered), HandlerName = "tests", Retry = "",
                Invoke = (_, _, _) => fails ? throw new InvalidOperationException("no such customer") : ValueTask.CompletedTask,
            });
        });
        await Eventually.TrueAsync(async () => (await host.GetAsync("queues"))["items"]!.AsArray().Any(queue => queue!["consumers"]!.AsArray().Any(consumer => (bool)consumer!["isConsuming"]!)), "the service consumes", Patience);
        await using (var connection = await host.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await host.Services.GetRequiredService<IOutbox>().AddAsync(transaction, new Numbered(1), new MessageOptions { MessageId = "n1", CorrelationId = "c1" });
            await transaction.CommitAsync();
        }

        var dead = await Eventually.FoundAsync(async () => (await host.GetAsync("dead-letters?messageId=n1"))["items"]!.AsArray().FirstOrDefault(), "the dead letter", Patience);
        var verdict = (await host.GetAsync("overview"))["verdict"]!;
        verdict["findings"]!.AsArray().ShouldContain(finding => (string?)finding!["area"] == "dead-letters" && (string?)finding["text"] == "1 dead letter waits for an operator.");
        fails = false;
        await host.ChangeAsync($"dead-letters/orders/{dead["id"]}/replay", new { });
        var story = new JsonNode[1];
        await Eventually.TrueAsync(async () => Kinds(story[0] = await host.GetAsync("messages?id=n1")).Contains("handled"), "that it was handled", Patience);

        Kinds(story[0]).Distinct().ShouldBe(["stored", "sent", "dead-lettered", "replayed", "retry-scheduled", "handled"], ignoreOrder: true);
        Kinds(story[0])[0].ShouldBe("stored");
        Kinds(story[0])[^1].ShouldBe("handled");
        ((string)story[0]["name"]!, (string)story[0]["correlationId"]!).ShouldBe(("tests.numbered.v1", "c1"));
        foreach (var looked in new[] { "n1", "c1", "NO SUCH CUSTOMER" })
        {
            (await host.GetAsync("search?q=" + Uri.EscapeDataString(looked)))["items"]!.AsArray().ShouldContain(hit => (string?)hit!["messageId"] == "n1", looked);
        }

        var rates = await Eventually.FoundAsync(async () => (await host.GetAsync("rates?minutes=10"))["total"] is var total && (long)total!["handled"]! > 0 ? total : null, "the rates", Patience);
        ((long)rates["committed"]!, (long)rates["sent"]!, (long)rates["handled"]!, (long)rates["failed"]!, (long)rates["deadLettered"]!).ShouldBe((1, 1, 1, 1, 1));
        ((long)rates["confirm"]!["count"]!).ShouldBe(1);
        (await host.GetAsync("nodes"))["items"]!.AsArray().ShouldContain(node => (bool)node!["isAlive"]!);
        (await host.GetAsync("audit"))["items"]!.AsArray().Select(item => $"{item!["who"]} {item["action"]}").ShouldBe(["anonymous from 127.0.0.1 replay"]);
    }

    private static List<string> Kinds(JsonNode story) => [.. story["entries"]!.AsArray().Select(entry => (string)entry!["kind"]!)];
}

[Message("tests.numbered.v1")]
public sealed record Numbered(int Number);
