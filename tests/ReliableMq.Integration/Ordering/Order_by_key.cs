using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Ordering;

public class Order_by_key
{
    [Fact]
    public async Task Each_key_keeps_its_order_though_eight_are_handled_at_once_and_many_fail()
    {
        const int keys = 12;
        const int each = 25;
        await using var world = await World.CreateAsync();
        var random = new Random(7);
        var fails = new ConcurrentDictionary<string, int>();
        var dead = new HashSet<string>();
        var sent = Enumerable.Range(0, each).SelectMany(number => Enumerable.Range(0, keys).Select(key => ($"k{key}", number))).ToList();
        foreach (var (key, number) in sent)
        {
            var luck = random.Next(100);
            fails[OrderedQueue.Id(key, number)] = luck < 3 ? int.MaxValue : luck < 15 ? random.Next(1, 3) : 0;
            if (luck < 3)
            {
                dead.Add(OrderedQueue.Id(key, number));
            }
        }

        var overlaps = new Overlaps();
        await using var service = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey, retry: "20ms, 40ms, 60ms", before: (message, context) =>
            overlaps.PassAsync(context.OrderingKey!, async () =>
            {
                await Task.Yield();
                var id = OrderedQueue.Id(context.OrderingKey!, message.Number);
                if (fails[id] >= context.Attempt)
                {
                    throw fails[id] == int.MaxValue ? new PermanentFailureException("never") : new InvalidOperationException("not yet");
                }
            })));
        await service.ConsumingAsync();

        await world.SendAsync(sent);

        await Eventually.EqualAsync(sent.Count - dead.Count, world.CountEffectsAsync, "effects", TimeSpan.FromMinutes(2));
        foreach (var key in sent.Select(message => message.Item1).Distinct())
        {
            (await world.EffectsOfAsync(key)).ShouldBe(Enumerable.Range(0, each).Where(number => !dead.Contains(OrderedQueue.Id(key, number))), key);
        }

        overlaps.Seen.ShouldBeEmpty();
        overlaps.Most.ShouldBeGreaterThan(1);
        await world.ShouldHaveLeftNothingAsync();
        (await world.CountAsync("dead_letter")).ShouldBe(dead.Count);
        await world.ShouldHaveSettledAllAsync(service, OrderedQueue.Name);
    }

    [Fact]
    public async Task A_failing_message_parks_the_thousand_behind_it_while_other_keys_go_on()
    {
        const int behind = 1_000;
        await using var world = await World.CreateAsync();
        var mended = new Signal("the cause is mended");
        await using var service = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey, concurrency: 4, prefetch: 20, before: (message, context) =>
        {
            if (context.OrderingKey == "hot" && message.Number == 0 && !mended.IsSet)
            {
                context.RetryAfter(TimeSpan.FromMilliseconds(500));
            }

            return Task.CompletedTask;
        }));
        await service.ConsumingAsync();

        await world.SendAsync(Enumerable.Range(0, behind + 1).SelectMany(number => number % 10 == 0
            ? new[] { ("hot", number), ($"k{number % 7}", number) }
            : [("hot", number)]));

        await Eventually.EqualAsync((behind / 10) + 1, world.CountEffectsAsync, "effects of the other keys", TimeSpan.FromMinutes(1));
        await Eventually.EqualAsync(behind, () => world.CountAsync("parked"), "messages parked", TimeSpan.FromMinutes(1));
        (await world.EffectsOfAsync("hot")).ShouldBeEmpty();
        service.Logs.Entries.Count(entry => entry.EventId.Id == 6101).ShouldBe(1);

        mended.Set();
        await Eventually.EqualAsync(behind + 1, async () => (await world.EffectsOfAsync("hot")).Count(), "effects of the key", TimeSpan.FromMinutes(3));
        (await world.EffectsOfAsync("hot")).ShouldBe(Enumerable.Range(0, behind + 1));
        await world.ShouldHaveLeftNothingAsync();
        service.Logs.Entries.Count(entry => entry.EventId.Id == 6102).ShouldBe(1);
        await world.ShouldHaveSettledAllAsync(service, OrderedQueue.Name);
    }

    [Theory]
    [InlineData("dead-lettered")]
    [InlineData("discarded")]
    [InlineData("out of attempts")]
    public async Task What_was_parked_follows_in_its_order_when_the_failing_message_is_given_up(string end)
    {
        await using var world = await World.CreateAsync();
        var giveUp = new Signal("it is given up");
        await using var service = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey, retry: "", before: (message, context) =>
        {
            if (message.Number == 0 && !giveUp.IsSet)
            {
                context.RetryAfter(TimeSpan.FromMilliseconds(200));
            }

            if (message.Number == 0)
            {
                switch (end)
                {
                    case "dead-lettered":
                        context.DeadLetter("never");
                        break;
                    case "discarded":
                        context.Discard("never");
                        break;
                    default:
                        throw new InvalidOperationException("never");
                }
            }

            return Task.CompletedTask;
        }));
        await service.ConsumingAsync();
        await world.SendAsync(Enumerable.Range(0, 21).Select(number => ("k", number)));
        await Eventually.EqualAsync(20, () => world.CountAsync("parked"), "messages parked");

        giveUp.Set();

        await Eventually.EqualAsync(Enumerable.Range(1, 20), () => world.EffectsOfAsync("k"), "effects");
        await world.ShouldHaveLeftNothingAsync();
        (await world.CountAsync("dead_letter")).ShouldBe(1);
    }

    [Fact]
    public async Task What_was_parked_follows_when_the_broker_dead_letters_the_failing_message()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartWithOneScheduledAsync(world, TimeSpan.FromHours(1));

        // What the dead-letter route of the broker brings: here of the copy that is scheduled.
        await world.Broker.PublishAsync("", $"{OrderedQueue.Name}.dead", OrderedQueue.Body(0), OrderedQueue.Properties("k", 0, epoch: 1));

        await Eventually.EqualAsync(Enumerable.Range(1, 5), () => world.EffectsOfAsync("k"), "effects");
        await Eventually.EqualAsync(0, () => world.CountAsync("parked"), "messages parked");
    }

    [Fact]
    public async Task What_was_parked_follows_when_a_scheduled_retry_is_sent_at_once()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartWithOneScheduledAsync(world, TimeSpan.FromHours(1));

        await service.Host.Services.GetRequiredService<IPendingMessages>().SendNowAsync(new() { MessageId = "k-0" }, "maria");

        await Eventually.EqualAsync(Enumerable.Range(0, 6), () => world.EffectsOfAsync("k"), "effects");
        await world.ShouldHaveLeftNothingAsync();
    }

    [Fact]
    public async Task What_was_parked_follows_when_an_operator_cancels_the_scheduled_retry()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartWithOneScheduledAsync(world, TimeSpan.FromHours(1));

        (await service.Host.Services.GetRequiredService<IPendingMessages>().CancelAsync(new() { MessageId = "k-0" }, "maria")).ShouldBe(1);

        await Eventually.EqualAsync(Enumerable.Range(1, 5), () => world.EffectsOfAsync("k"), "effects", TimeSpan.FromMinutes(2));
        await world.ShouldHaveLeftNothingAsync();
    }

    [Fact]
    public async Task An_operator_sees_what_is_parked_and_lets_it_go_on_without_the_failing_message()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartWithOneScheduledAsync(world, TimeSpan.FromSeconds(40));
        var parked = service.Host.Services.GetRequiredService<IParkedMessages>();

        var listed = new List<ParkedMessage>();
        await foreach (var message in parked.ListAsync(new() { Queue = OrderedQueue.Name, OrderingKey = "k" }))
        {
            listed.Add(message);
        }

        listed.Select(message => message.MessageId).ShouldBe(Enumerable.Range(1, 5).Select(number => OrderedQueue.Id("k", number)));
        listed.ShouldAllBe(message => message.WaitsFor == "k-0" && message.MessageName == "tests.numbered.v1" && message.Headers[MessageHeaders.OrderingKey] == "k");

        (await parked.GoOnAsync(OrderedQueue.Name, "another", "maria")).ShouldBeFalse();
        (await parked.GoOnAsync(OrderedQueue.Name, "k", "maria")).ShouldBeTrue();

        await Eventually.EqualAsync(Enumerable.Range(1, 5), () => world.EffectsOfAsync("k"), "effects");
        await world.SendAsync([("k", 6)]);
        await Eventually.EqualAsync(Enumerable.Range(1, 6), () => world.EffectsOfAsync("k"), "effects, with one that came later");
        // What was let go keeps its attempts: it runs when it is due, without an order.
        await Eventually.EqualAsync([1, 2, 3, 4, 5, 6, 0], () => world.EffectsOfAsync("k"), "effects at the end", TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task A_message_that_comes_twice_is_parked_once_and_handled_once()
    {
        await using var world = await World.CreateAsync();
        var mended = new Signal("the cause is mended");
        await using var service = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey, before: OrderedQueue.NumberZeroFailsUntil(mended)));
        await service.ConsumingAsync();
        await world.SendAsync(Enumerable.Range(0, 10).SelectMany(number => Enumerable.Repeat(("k", number), 3)));
        await Eventually.EqualAsync(9, () => world.CountAsync("parked"), "messages parked");

        mended.Set();
        await Eventually.EqualAsync(10, world.CountEffectsAsync, "effects");
        await world.SendAsync(Enumerable.Range(0, 10).Select(number => ("k", number)));
        await world.SendAsync([("k", 10)]);

        await Eventually.EqualAsync(Enumerable.Range(0, 11), () => world.EffectsOfAsync("k"), "effects");
        await world.ShouldHaveLeftNothingAsync();
        await world.ShouldHaveSettledAllAsync(service, OrderedQueue.Name);
    }

    [Fact]
    public async Task Messages_without_a_key_wait_for_nobody()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey, before: (message, context) =>
        {
            if (message.Number == 0)
            {
                context.RetryAfter(TimeSpan.FromHours(1));
            }

            return Task.CompletedTask;
        }));
        await service.ConsumingAsync();

        await world.SendAsync(Enumerable.Range(0, 10).Select(number => ("", number)));

        await Eventually.EqualAsync(9, world.CountEffectsAsync, "effects");
        (await world.CountAsync("parked")).ShouldBe(0);
    }

    [Fact]
    public async Task What_cannot_be_read_waits_behind_a_failing_message_like_others()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartWithOneScheduledAsync(world, TimeSpan.FromHours(1));

        var unknown = OrderedQueue.Properties("k", 6);
        unknown.Type = "tests.unknown.v1";
        await world.Broker.PublishAsync("", OrderedQueue.Name, OrderedQueue.Body(6), unknown);

        await Eventually.EqualAsync(6, () => world.CountAsync("parked"), "messages parked");
        (await world.CountAsync("failure")).ShouldBe(1);
    }

    [Fact]
    public async Task What_may_not_run_at_all_waits_for_nobody_and_never_runs()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartWithOneScheduledAsync(world, TimeSpan.FromHours(1));
        await world.Database.ExecuteAsync($"INSERT INTO reliable_mq.inbox_horizon VALUES ('{OrderedQueue.Name}', clock_timestamp() - interval '14 days')");
        var tooOld = OrderedQueue.Properties("k", 6);
        tooOld.Timestamp = new AmqpTimestamp(TimeProvider.System.GetUtcNow().AddDays(-20).ToUnixTimeSeconds());

        await world.Broker.PublishAsync("", OrderedQueue.Name, OrderedQueue.Body(6), tooOld);

        await Eventually.EqualAsync([OrderedQueue.Id("k", 6)], async () => await service.DeadLetters.ListAsync().Select(dead => dead.MessageId).ToListAsync(), "dead letters");
        (await world.CountAsync("parked")).ShouldBe(5);
    }

    [Fact]
    public async Task A_key_of_any_length_holds_back_its_own_messages()
    {
        await using var world = await World.CreateAsync();
        // Of characters that the database cannot make shorter.
        var key = string.Concat(Enumerable.Range(0, 600).Select(_ => Guid.NewGuid().ToString("N")));
        await using var service = await StartWithOneScheduledAsync(world, TimeSpan.FromHours(1), key);

        var another = OrderedQueue.Properties(key[1..], 6);
        another.MessageId = "another";
        await world.Broker.PublishAsync("", OrderedQueue.Name, OrderedQueue.Body(6), another);

        await Eventually.EqualAsync(1, world.CountEffectsAsync, "effects of another key");
    }

    /// <summary>Message 0 waits for a retry in the database, and five are parked behind it.</summary>
    private static async Task<TestService> StartWithOneScheduledAsync(World world, TimeSpan delay, string key = "k")
    {
        var service = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey, before: (message, context) =>
        {
            if (message.Number == 0 && (string)(context.Headers.GetValueOrDefault(MessageHeaders.Epoch)?.ToString() ?? "") == "0")
            {
                context.RetryAfter(delay);
            }

            return Task.CompletedTask;
        }));
        await service.ConsumingAsync();
        for (var number = 0; number < 6; number++)
        {
            var properties = OrderedQueue.Properties(key, number);
            properties.MessageId = OrderedQueue.Id("k", number);
            await world.Broker.PublishAsync("", OrderedQueue.Name, OrderedQueue.Body(number), properties);
        }

        await Eventually.EqualAsync(5, () => world.CountAsync("parked"), "messages parked");
        return service;
    }
}
