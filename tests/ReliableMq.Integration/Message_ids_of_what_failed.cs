using System.Text;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client;
using ReliableMq.Integration.Ordering;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>A second message with the id of one that has failed and is not handled.</summary>
public class Message_ids_of_what_failed
{
    private const string Queue = OrderedQueue.Name;

    [Theory]
    [InlineData("5s", "failing")]
    [InlineData("1h", "scheduled")]
    [InlineData("", "dead")]
    [InlineData("discard", "discarded")]
    public async Task It_is_not_taken_for_a_copy_and_both_have_an_end_of_their_own(string retry, string state)
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, retry == "discard" ? "" : retry, context =>
        {
            if (retry == "discard")
            {
                context.Discard("not wanted");
            }

            throw new InvalidOperationException("once");
        });
        await PublishAsync(world, 1);
        await Eventually.EqualAsync(state, () => world.Database.ScalarAsync<string>("SELECT state FROM reliable_mq.failure"), "the state of the first");
        if (state != "failing")
        {
            // A copy of the first is still known. Of one that fails it would wait for the next attempt, too.
            await PublishAsync(world, 1);
        }

        await PublishAsync(world, 2);
        await PublishAsync(world, 2);

        var second = await Eventually.FoundAsync(() => FindAsync(service, 2), "the dead letter of the second");
        second.MessageId.ShouldStartWith("derived-");
        second.Reason.ShouldBe($"The message \"tests.numbered.v1\" has the id \"same\", but a message with this id and another body has failed and is {state}. Two messages need two ids: correct the sender, and replay this one, which is kept under an id of its own, if its effect is missing.");
        await BringBackAsync(world, service, state);
        await Eventually.EqualAsync(state == "discarded" ? [] : [1], world.EffectsAsync, "effects");
        await service.DeadLetters.ReplayAsync(second.Id, "maria");
        await Eventually.EqualAsync(state == "discarded" ? [2] : [1, 2], world.EffectsAsync, "effects");
        await world.ShouldHaveSettledAllAsync(service, Queue);
        (await world.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.dead_letter WHERE replayed_at IS NULL AND discarded_at IS NULL")).ShouldBe(0);
    }

    [Theory]
    [InlineData("tests.unknown.v1", """{"number":2}""")]
    [InlineData("tests.numbered.v1", "no json")]
    public async Task One_that_cannot_be_handled_says_nothing_of_the_first(string name, string body)
    {
        await using var world = await World.CreateAsync();
        var mended = new Signal("the cause is mended");
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "500ms..500ms x100", before: (_, _) =>
            mended.IsSet ? Task.CompletedTask : throw new InvalidOperationException("of the first")));
        await service.ConsumingAsync();
        await PublishAsync(world, 1);
        await Eventually.EqualAsync("failing", () => world.Database.ScalarAsync<string>("SELECT state FROM reliable_mq.failure"), "the state of the first");

        await world.Broker.PublishAsync("", Queue, body, new BasicProperties { MessageId = "same", Type = name });

        (await Eventually.FoundAsync(() => FindAsync(service, body), "the dead letter of the second")).MessageId.ShouldStartWith("derived-");
        (await world.Database.ScalarAsync<string>("SELECT error FROM reliable_mq.failure WHERE message_id = 'same'"))!.ShouldContain("of the first");
        mended.Set();
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        (await world.CountAsync("dead_letter")).ShouldBe(1);
    }

    [Fact]
    public async Task One_that_the_broker_gives_up_is_not_merged_into_the_dead_letter_of_the_first()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, "", _ => throw new InvalidOperationException("never"));
        await PublishAsync(world, 1);
        await Eventually.FoundAsync(() => FindAsync(service, 1), "the dead letter of the first");
        var consumers = service.Host.Services.GetRequiredService<IConsumers>();
        await consumers.PauseAsync(Queue, "maria", lasting: false);
        await Eventually.TrueAsync(() => !consumers.List().Single().IsConsuming, "paused");

        await PublishAsync(world, 1, expiration: "1");
        await PublishAsync(world, 2, expiration: "1");
        await PublishAsync(world, 2, expiration: "1");

        var second = await Eventually.FoundAsync(() => FindAsync(service, 2), "the dead letter of the second");
        (second.MessageId.StartsWith("derived-", StringComparison.Ordinal), second.Reason).ShouldBe((true, "The broker dead-lettered it: expired."));
        await Eventually.EqualAsync(3, () => service.Logs.Entries.Count(entry => entry.EventId.Id == 7004), "copies of what is stored: two of the first, one of the second");
        await world.ShouldHaveSettledAllAsync(service, Queue, $"{Queue}.dead");
        (await world.CountAsync("dead_letter")).ShouldBe(2);
    }

    [Fact]
    public async Task Two_that_the_broker_gives_up_under_one_id_are_two_dead_letters()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, "", _ => { });
        var consumers = service.Host.Services.GetRequiredService<IConsumers>();
        await consumers.PauseAsync(Queue, "maria", lasting: false);
        await Eventually.TrueAsync(() => !consumers.List().Single().IsConsuming, "paused");

        await PublishAsync(world, 1, expiration: "1");
        await Eventually.FoundAsync(() => FindAsync(service, 1), "the dead letter of the first");
        await PublishAsync(world, 2, expiration: "1");

        (await Eventually.FoundAsync(() => FindAsync(service, 2), "the dead letter of the second")).MessageId.ShouldStartWith("derived-");
    }

    [Fact]
    public async Task One_that_comes_while_the_first_is_parked_is_not_parked_as_its_copy()
    {
        await using var world = await World.CreateAsync();
        var mended = new Signal("the cause is mended");
        await using var service = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey, before: OrderedQueue.NumberZeroFailsUntil(mended)));
        await service.ConsumingAsync();
        await world.SendAsync([("k", 0), ("k", 1)]);
        await Eventually.EqualAsync(1, () => world.CountAsync("parked"), "messages parked");

        await world.Broker.PublishAsync("", Queue, OrderedQueue.Body(1), OrderedQueue.Properties("k", 1));
        await world.Broker.PublishAsync("", Queue, OrderedQueue.Body(2), OrderedQueue.Properties("k", 1));

        var second = await Eventually.FoundAsync(() => FindAsync(service, 2), "the dead letter of the second");
        second.MessageId.ShouldStartWith("derived-");
        second.Reason.ShouldContain("has the id \"k-1\", but a message with this id and another body is parked behind its ordering key.");
        mended.Set();
        await Eventually.EqualAsync([0, 1], () => world.EffectsOfAsync("k"), "effects");
        await world.ShouldHaveLeftNothingAsync();
        (await world.CountAsync("dead_letter")).ShouldBe(1);
    }

    [Fact]
    public async Task One_that_comes_while_the_first_was_parked_and_is_on_its_way_back_is_not_taken_for_its_copy()
    {
        await using var world = await World.CreateAsync();
        var (first, second) = (new Signal("the cause of the first is mended"), new Signal("the cause of the second is mended"));
        await using var service = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey, before: (message, context) =>
        {
            if (!(message.Number == 0 ? first : second).IsSet)
            {
                context.RetryAfter(TimeSpan.FromMilliseconds(200));
            }

            return Task.CompletedTask;
        }));
        await service.ConsumingAsync();
        await world.SendAsync([("k", 0), ("k", 1)]);
        await Eventually.EqualAsync(1, () => world.CountAsync("parked"), "messages parked");
        first.Set();
        await Eventually.EqualAsync([0], () => world.EffectsOfAsync("k"), "effects");

        await world.Broker.PublishAsync("", Queue, OrderedQueue.Body(2), OrderedQueue.Properties("k", 1));

        (await Eventually.FoundAsync(() => FindAsync(service, 2), "the dead letter of the second")).MessageId.ShouldStartWith("derived-");
        second.Set();
        await Eventually.EqualAsync([0, 1], () => world.EffectsOfAsync("k"), "effects");
        await world.ShouldHaveLeftNothingAsync();
    }

    [Fact]
    public async Task One_that_comes_when_the_first_was_handled_after_all_is_not_taken_for_its_copy()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, "1h", _ => throw new InvalidOperationException("once"));
        await PublishAsync(world, 1);
        await Eventually.EqualAsync("scheduled", () => world.Database.ScalarAsync<string>("SELECT state FROM reliable_mq.failure"), "the state of the first");
        await BringBackAsync(world, service, "scheduled");
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");

        await PublishAsync(world, 2);

        (await Eventually.FoundAsync(() => FindAsync(service, 2), "the dead letter of the second")).MessageId.ShouldStartWith("derived-");
        await PublishAsync(world, 1);
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 5001), "the copy of the first is known");
        (await world.CountAsync("dead_letter")).ShouldBe(1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_that_overtakes_the_first_which_is_parked_holds_no_key_and_neither_disappears(bool fails)
    {
        await using var world = await World.CreateAsync();
        var mended = new Signal("the cause of the one in front is mended");
        await using var service = await world.StartAsync(setup => setup.HandleInOrder(QueueOrder.ByKey, retry: "1s, 1s", before: (message, context) =>
        {
            if (message.Number == 0 && !mended.IsSet)
            {
                context.RetryAfter(TimeSpan.FromMilliseconds(200));
            }

            return fails && message.Number == 2 ? throw new InvalidOperationException("never") : Task.CompletedTask;
        }));
        await service.ConsumingAsync();
        await world.SendAsync([("k", 0), ("k", 1)]);
        await Eventually.EqualAsync(1, () => world.CountAsync("parked"), "messages parked");

        await PublishOtherAsync();
        if (fails)
        {
            await Eventually.EqualAsync("failing", () => world.Database.ScalarAsync<string>("SELECT state FROM reliable_mq.failure WHERE message_id = 'k-1'"), "the state of the second");
        }
        else
        {
            await Eventually.EqualAsync([2], () => world.EffectsOfAsync(""), "effects without a key");
        }

        mended.Set();

        // Each is handled or a dead letter, whichever came first, and the key goes on.
        await Eventually.TrueAsync(async () => await EndedAsync(1) && await EndedAsync(2), "both have an end");
        await world.SendAsync([("k", 3)]);
        await Eventually.TrueAsync(async () => (await world.EffectsOfAsync("k")).Contains(3), "the key goes on");
        await world.ShouldHaveLeftNothingAsync();
        (await world.EffectsOfAsync("k")).First().ShouldBe(0);

        async Task<bool> EndedAsync(int number) =>
            await FindAsync(service, number) is not null || await world.Database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM \"Effects\" WHERE \"Number\" = $1)", number);

        Task PublishOtherAsync()
        {
            var properties = OrderedQueue.Properties("", 1);
            properties.MessageId = OrderedQueue.Id("k", 1);
            return world.Broker.PublishAsync("", Queue, OrderedQueue.Body(2), properties);
        }
    }

    [Fact]
    public async Task A_late_copy_of_a_message_that_was_edited_and_replayed_and_fails_again_is_the_same_message()
    {
        await using var world = await World.CreateAsync();
        var mended = new Signal("the cause is mended");
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "", before: (message, context) =>
        {
            if (message.Number == 2 && !mended.IsSet)
            {
                context.RetryAfter(TimeSpan.FromMilliseconds(500));
            }

            return message.Number == 1 ? throw new InvalidOperationException("never") : Task.CompletedTask;
        }));
        await service.ConsumingAsync();
        await PublishAsync(world, 1);
        var dead = await Eventually.FoundAsync(() => FindAsync(service, 1), "the dead letter");
        await service.DeadLetters.ReplayAsync(dead.Id, "maria", new ReplayOptions { Body = """{"number":2}"""u8.ToArray() });
        await Eventually.EqualAsync("failing", () => world.Database.ScalarAsync<string>("SELECT state FROM reliable_mq.failure"), "the state after the replay");

        await PublishAsync(world, 1);

        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 5001), "the late copy is known");
        mended.Set();
        await Eventually.EqualAsync([2], world.EffectsAsync, "effects");
        (await world.CountAsync("dead_letter")).ShouldBe(1);
    }

    private static async Task<TestService> StartAsync(World world, string retry, Action<MessageContext> fail)
    {
        var service = await world.StartAsync(setup => setup.HandleNumbered(retry: retry, before: (message, context) =>
        {
            if (message.Number == 1 && context.Attempt == 1 && !context.Headers.ContainsKey("again"))
            {
                fail(context);
            }

            return Task.CompletedTask;
        }));
        await service.ConsumingAsync();
        return service;
    }

    /// <summary>The first gets its next attempt.</summary>
    private static async Task BringBackAsync(World world, TestService service, string state)
    {
        switch (state)
        {
            case "scheduled":
                await world.Database.ExecuteAsync("UPDATE reliable_mq.outbox SET available_at = clock_timestamp()");
                break;
            case "dead":
                await service.DeadLetters.ReplayAsync((await FindAsync(service, 1))!.Id, "maria", new ReplayOptions { Headers = new Dictionary<string, string?> { ["again"] = "yes" } });
                break;
        }
    }

    private static Task<DeadLetter?> FindAsync(TestService service, int number) => FindAsync(service, $$"""{"number":{{number}}}""");

    private static async Task<DeadLetter?> FindAsync(TestService service, string body) =>
        await service.DeadLetters.ListAsync().FirstOrDefaultAsync(letter => Encoding.UTF8.GetString(letter.Body.Span) == body);

    private static Task PublishAsync(World world, int number, string? expiration = null)
    {
        var properties = new BasicProperties { MessageId = "same", Type = "tests.numbered.v1", ContentType = "application/json" };
        if (expiration is not null)
        {
            properties.Expiration = expiration;
        }

        return world.Broker.PublishAsync("", Queue, $$"""{"number":{{number}}}""", properties);
    }
}
