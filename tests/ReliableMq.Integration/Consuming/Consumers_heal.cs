using System.Text;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RabbitMQ.Client;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Consuming;

/// <summary>Whatever is taken from a consumer: it consumes again by itself, or health says within 30 s why it cannot.</summary>
public class Consumers_heal
{
    private const string Queue = "tests.numbers";

    [Fact]
    public async Task From_a_deleted_queue()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();

        await world.Broker.DeleteQueueAsync(Queue);

        // The broker tells it, or a check that is just looking does.
        await Eventually.TrueAsync(
            () => service.Logs.Entries.Any(entry => entry is { EventId.Id: 4002 } && entry.Message.Contains("the broker cancelled the consumer; was the queue deleted?", StringComparison.Ordinal)
                || entry is { EventId.Id: 4016 } && entry.Message.Contains("its queue is gone", StringComparison.Ordinal)),
            "the consumer is told");
        await service.ConsumingAsync();
        await PublishAsync(world, 1);
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task From_a_queue_that_somebody_made_anew_with_other_arguments()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        await using var service = await world.StartAsync(setup =>
        {
            setup.Through(proxy);
            setup.HandleNumbered();
        });
        await service.ConsumingAsync();
        proxy.Accepting = false;
        await proxy.CutAsync();
        await world.Broker.DeleteQueueAsync(Queue);
        await world.BindPlainQueueAsync(Queue, "tests", "tests.numbered.v1", new() { ["x-queue-type"] = "classic" });
        await UnhealthyAsync(service, $"\"{Queue}\": waiting for the broker: ");

        proxy.Accepting = true;

        await service.ConsumingAsync();
        await PublishAsync(world, 1);
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await Eventually.TrueAsync(async () => (await service.HealthAsync()).Entries["reliable-mq-topology"] is { Status: HealthStatus.Degraded, Description: var text }
            && text!.StartsWith($"queue \"{Queue}\", x-", StringComparison.Ordinal), "the difference in health");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task From_a_deleted_exchange_or_binding_at_the_next_check(bool exchange)
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Settings["Topology:CheckInterval"] = "00:00:01";
        });
        await service.ConsumingAsync();

        await world.Broker.UseChannelAsync(channel => exchange ? channel.ExchangeDeleteAsync("tests") : channel.QueueUnbindAsync(Queue, "tests", "tests.numbered.v1"));

        await Eventually.TrueAsync(async () =>
        {
            // Mandatory: it is returned for as long as there is no way.
            await PublishAsync(world, 1);
            return true;
        }, "the way is there again");
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task From_the_consumer_timeout()
    {
        await using var rabbitMq = await PrivateRabbitMq.CreateAsync();
        await rabbitMq.SetConsumerTimeoutAsync(TimeSpan.FromSeconds(2));
        await using var world = await World.CreateAsync(rabbitMq.Server);
        var gate = new Gate("handler");
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(before: (message, _) => message.Number == 1 ? gate.PassAsync() : Task.CompletedTask));
        await service.ConsumingAsync();
        await PublishAsync(world, 1);
        await gate.WaitForCallersAsync();

        // Nothing arrives meanwhile: the session hears of it all the same.
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 4002), "the broker takes the delivery away", TimeSpan.FromMinutes(3));
        await service.ConsumingAsync();
        await PublishAsync(world, 2);
        await Eventually.EqualAsync([2], world.EffectsAsync, "effects of others");
        gate.Open();

        await Eventually.EqualAsync([1, 2], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(0u, () => world.ReadyAsync(Queue), "messages left");
        (await world.CountAsync("failure")).ShouldBe(0);
        await world.ShouldHaveSettledAllAsync(service, Queue);
        (await world.EffectsAsync()).ShouldBe([1, 2]);
    }

    [Fact]
    public async Task From_a_broker_that_starts_empty()
    {
        await using var rabbitMq = await PrivateRabbitMq.CreateAsync();
        await using var world = await World.CreateAsync(rabbitMq.Server);
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(0));
        await Eventually.EqualAsync([0], world.EffectsAsync, "effects");

        await rabbitMq.ResetAsync();
        await service.SaveAsync(new Numbered(1), new Numbered(2));
        await UnhealthyAsync(service, "waiting for the broker: ");
        await world.Broker.CreateAgainAsync();

        await Eventually.EqualAsync([0, 1, 2], world.EffectsAsync, "effects");
        await service.ConsumingAsync();
        (await world.CountAsync("outbox")).ShouldBe(0);
        (await world.Broker.ListQueuesAsync()).Select(queue => queue.Name).Order().ShouldBe([Queue, Queue + ".dead"]);
    }

    [Fact]
    public async Task From_revoked_credentials_when_they_are_restored()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();

        await world.Broker.RevokeCredentialsAsync();
        await UnhealthyAsync(service, "ACCESS_REFUSED");
        await PublishAsync(world, 1);
        await world.Broker.RestoreCredentialsAsync();

        await service.ConsumingAsync();
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task From_a_right_that_was_taken_away_when_it_is_given_back()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();

        // Whoever consumes goes on: the broker looks at rights when consuming begins.
        await world.Broker.AllowReadingAsync("^$");
        await PublishAsync(world, 1);
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");

        await world.Broker.CloseAllConnectionsAsync();
        await UnhealthyAsync(service, "ACCESS_REFUSED");
        await PublishAsync(world, 2);
        await world.Broker.AllowReadingAsync(".*");

        await service.ConsumingAsync();
        await Eventually.EqualAsync([1, 2], world.EffectsAsync, "effects");
    }

    private static Task PublishAsync(World world, int number) => world.Broker.PublishAsync(
        "tests", "tests.numbered.v1", Encoding.UTF8.GetBytes($"{{\"number\":{number}}}"),
        new BasicProperties { MessageId = $"number-{number}", Type = "tests.numbered.v1", ContentType = "application/json" });

    /// <summary>Within the 30 s that are promised, which are the default here.</summary>
    private static Task UnhealthyAsync(TestService service, string reason) => Eventually.TrueAsync(
        async () => (await service.HealthAsync()).Entries["reliable-mq-consumers"] is { Status: HealthStatus.Unhealthy, Description: var text } && text!.Contains(reason, StringComparison.Ordinal),
        $"unhealthy because of \"{reason}\"");
}
