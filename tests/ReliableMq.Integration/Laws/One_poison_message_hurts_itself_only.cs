using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Laws;

public class One_poison_message_hurts_itself_only
{
    [Fact]
    public async Task One_among_a_thousand_that_cannot_be_routed_leaves_the_others_alone()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("target", "tests", "tests.numbered.v1");
        await using var service = await world.StartAsync();

        await service.SaveAsync([.. Enumerable.Range(0, 500).Select(number => new Numbered(number)), new Elsewhere(0), .. Enumerable.Range(500, 499).Select(number => new Numbered(number))]);

        await Eventually.EqualAsync(999, () => world.CountAsync("outbox_history"), "rows sent");
        await Eventually.EqualAsync("returned", async () => (await world.OutboxAsync()).Single().ErrorKind, "the reason on the row that is left");
    }

    [Fact]
    public async Task One_that_closes_the_channel_is_found_and_the_others_leave()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("target", "tests", "tests.numbered.v1");
        await using var service = await world.StartAsync();
        await service.SaveAsync(new Numbered(-1));
        await Eventually.EqualAsync(1, () => world.CountAsync("outbox_history"), "rows sent");
        // The broker closes the channel over a header of its own that has the wrong type.
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.outbox (id, message_id, name, exchange, routing_key, content_type, headers, body, created_at, available_at)
            SELECT gen_random_uuid(), 'killer', 'killer', 'tests', 'tests.numbered.v1', 'application/json', '{"CC": "no list"}', ''::bytea, clock_timestamp(), clock_timestamp()
            """);

        await service.SaveAsync([.. Enumerable.Range(0, 999).Select(number => new Numbered(number))]);

        await Eventually.EqualAsync(1000, () => world.CountAsync("outbox_history"), "rows sent");
        await Eventually.EqualAsync("refused", async () => (await world.OutboxAsync()).Single().ErrorKind, "the reason on the row that is left");
    }

    [Fact]
    public async Task One_whose_handler_always_fails_does_not_hold_up_the_others()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "100ms, 100ms, 100ms, 20s", before: (message, _) =>
            message.Number == 500 ? throw new InvalidOperationException("poison") : Task.CompletedTask));

        await service.SaveAsync([.. Enumerable.Range(0, 1000).Select(number => new Numbered(number))]);

        await Eventually.EqualAsync(999, async () => (await world.EffectsAsync()).Count(), "effects");
        (await world.CountAsync("failure")).ShouldBe(1);
    }

    [Fact]
    public async Task A_failing_message_with_a_long_way_to_go_does_not_occupy_a_handler()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "25s", concurrency: 1, before: (message, _) =>
            message.Number < 5 ? throw new InvalidOperationException("poison") : Task.CompletedTask));

        await service.SaveAsync([.. Enumerable.Range(0, 10).Select(number => new Numbered(number))]);

        await Eventually.EqualAsync(Enumerable.Range(5, 5), world.EffectsAsync, "effects of the good ones", TimeSpan.FromSeconds(20));
    }
}
