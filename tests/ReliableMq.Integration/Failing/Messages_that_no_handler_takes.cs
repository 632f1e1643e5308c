using RabbitMQ.Client;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Failing;

public class Messages_that_no_handler_takes
{
    private const string Queue = "tests.numbers";

    [Fact]
    public async Task A_new_version_that_comes_in_time_handles_what_the_old_one_deferred()
    {
        await using var world = await World.CreateAsync();
        await using var old = await world.StartAsync(setup => setup.HandleNumbered(retry: ""));
        await old.ConsumingAsync();
        await PublishAsync(world, "new", "tests.followed.v1", """{"number":7}""");
        await Eventually.TrueAsync(() => Task.FromResult(old.Logs.Entries.Count(entry => entry.EventId.Id == 6007) > 1), "deferred more than once");
        (await world.Database.QueryAsync<string>("SELECT attempts || ' ' || state FROM reliable_mq.failure")).ShouldBe(["0 failing"]);

        // Both run for a while, as they do when a service is rolled out.
        var attempt = 0;
        await using var next = await world.StartAsync(setup =>
        {
            setup.HandleNumbered(retry: "");
            setup.Handle<Followed>(Queue, async (message, db, context) =>
            {
                if ((attempt = context.Attempt) == 1)
                {
                    db.Effects.Add(new Effect { Number = message.Number });
                    await db.SaveChangesAsync(context.CancellationToken);
                }
            }, retry: "");
        });
        await next.ConsumingAsync();
        await old.StopAsync();

        await Eventually.EqualAsync([7], world.EffectsAsync, "effects");
        attempt.ShouldBe(1, "it has all its attempts");
        (await world.CountAsync("failure")).ShouldBe(0);
        (await world.CountAsync("dead_letter")).ShouldBe(0);
        await world.ShouldHaveSettledAllAsync(next, Queue);
    }

    [Fact]
    public async Task What_no_version_takes_is_dead_lettered_and_what_cannot_be_read_at_once_while_the_next_are_handled()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered(retry: "1h", concurrency: 1);
            setup.Settings[$"Queues:{Queue}:DeferUnknown"] = "6s";
        });
        await service.ConsumingAsync();
        await PublishAsync(world, "stranger", "tests.stranger.v1", "{}");
        await PublishAsync(world, "broken", "tests.numbered.v1", "{ broken");
        await PublishAsync(world, "next", "tests.numbered.v1", """{"number":1}""");

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        (await service.DeadLetters.ListAsync().Select(dead => dead.MessageId).ToListAsync()).ShouldBe(["broken"], "the other is deferred meanwhile");

        await Eventually.EqualAsync(["broken", "stranger"], async () => await service.DeadLetters.ListAsync().Select(dead => dead.MessageId).Order().ToListAsync(), "dead letters");
        var stranger = await service.DeadLetters.ListAsync().SingleAsync(dead => dead.MessageId == "stranger");
        stranger.Reason.ShouldStartWith($"No handler of the queue \"{Queue}\" takes the message \"tests.stranger.v1\"");
        stranger.Reason.ShouldEndWith("It was deferred for 6s (DeferUnknown), in case that a newer version of the service takes it.");
        stranger.Attempts.ShouldBe(0);
        await world.ShouldHaveSettledAllAsync(service, Queue, $"{Queue}.dead");
    }

    [Fact]
    public async Task Without_a_database_they_are_deferred_and_dead_lettered_too()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.Contexts = false;
            setup.HandleWithoutInbox<Numbered>(Queue, (_, _) => Task.CompletedTask, retry: "");
            setup.Settings[$"Queues:{Queue}:DeferUnknown"] = "2s";
        });
        await service.ConsumingAsync();
        await PublishAsync(world, "stranger", "tests.stranger.v1", "{}");

        var dead = await Eventually.FoundAsync(() => world.Broker.GetAsync($"{Queue}.dead"), "the dead letter");
        dead.BasicProperties.MessageId.ShouldBe("stranger");
        service.Logs.Entries.Count(entry => entry.EventId.Id == 6007).ShouldBeGreaterThan(0);
    }

    private static Task PublishAsync(World world, string id, string type, string body) =>
        world.Broker.PublishAsync("", Queue, body, new BasicProperties { MessageId = id, Type = type });
}
