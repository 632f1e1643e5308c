using RabbitMQ.Client;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Laws;

public class Ack_after_commit_and_one_effect
{
    [Fact]
    public async Task A_delivery_is_acked_only_after_its_effect_is_committed()
    {
        await using var world = await World.CreateAsync();
        var gate = new Gate("handler");
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(before: (_, _) => gate.PassAsync()));
        await service.SaveAsync(new Numbered(7));
        await gate.WaitForCallersAsync(1);

        await Eventually.EqualAsync(new QueueCounts(0, 1), () => world.Broker.QueueCountsAsync("tests.numbers"), "messages in the queue");
        (await world.CountAsync("inbox")).ShouldBe(0);

        gate.Open();

        await Eventually.EqualAsync([7], world.EffectsAsync, "effects");
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers");
    }

    [Fact]
    public async Task The_same_message_fifty_times_at_once_has_one_effect()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(concurrency: 16));
        await service.ConsumingAsync();

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => PublishAsync(world, "twin", 3)));

        await Eventually.EqualAsync(49, () => service.Logs.Entries.Count(entry => entry.EventId.Id == 5001), "duplicates recognised");
        (await world.EffectsAsync()).ShouldBe([3]);
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers");
        (await world.CountAsync("inbox")).ShouldBe(1);
        (await world.CountAsync("failure")).ShouldBe(0);
    }

    [Fact]
    public async Task What_the_handler_wrote_before_it_threw_is_not_there()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
            setup.Handle<Numbered>("tests.numbers", async (message, db, context) =>
            {
                db.Effects.Add(new Effect { Number = context.Attempt });
                Microsoft.EntityFrameworkCore.ReliableMqDbContextExtensions.AddMessage(db, new Followed(context.Attempt));
                await db.SaveChangesAsync();
                if (context.Attempt < 3)
                {
                    throw new InvalidOperationException("not yet");
                }
            }));
        await world.BindPlainQueueAsync("followed", "tests", "tests.followed.v1");

        await service.SaveAsync(new Numbered(1));

        await Eventually.EqualAsync([3], world.EffectsAsync, "effects");
        // Only the message of the attempt that committed has left.
        await Eventually.EqualAsync(0, () => world.CountAsync("outbox"), "rows left in the outbox");
        (await world.Broker.QueueCountsAsync("followed")).Ready.ShouldBe(1);
        (await world.CountAsync("failure")).ShouldBe(0);
    }

    [Fact]
    public async Task A_lost_connection_in_the_middle_of_handling_does_not_double_the_effect()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        var gate = new Gate("handler");
        await using var service = await world.StartAsync(setup =>
        {
            setup.Through(proxy);
            setup.HandleNumbered(before: (message, _) => gate.PassAsync());
        });
        await service.SaveAsync([.. Enumerable.Range(0, 8).Select(number => new Numbered(number))]);
        await gate.WaitForCallersAsync(8);

        proxy.ResetAll();
        gate.Open();

        await Eventually.EqualAsync(8, () => service.Logs.Entries.Count(entry => entry.EventId.Id == 5001), "redelivered messages recognised");
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers");
        (await world.EffectsAsync()).ShouldBe(Enumerable.Range(0, 8));
    }

    internal static Task PublishAsync(World world, string messageId, int number, string queue = "tests.numbers") =>
        world.Broker.PublishAsync("", queue, $$"""{"number":{{number}}}""", new BasicProperties
        {
            MessageId = messageId,
            Type = "tests.numbered.v1",
            ContentType = "application/json",
        });
}
