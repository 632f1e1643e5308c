using System.Text;
using RabbitMQ.Client;
using ReliableMq.Integration.Laws;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>Ids that are used twice, and messages without one.</summary>
public class Message_ids
{
    [Fact]
    public async Task Two_different_messages_with_one_id_are_not_taken_for_one()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world);
        await PublishAsync(world, "same", 1);
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await world.Database.ExecuteAsync("UPDATE reliable_mq.inbox SET handled_at = '2020-01-01Z'");

        // Each other body is a message of its own, however often it comes.
        await PublishAsync(world, "same", 2);
        await PublishAsync(world, "same", 2);
        await PublishAsync(world, "same", 3);
        await PublishAsync(world, "same", 1);

        await Eventually.EqualAsync(2, () => world.CountAsync("dead_letter"), "dead letters");
        var dead = (await DeadAsync(service)).Single(one => Encoding.UTF8.GetString(one.Body.Span).Contains('2'));
        dead.MessageId.ShouldStartWith("derived-");
        dead.Body.ToArray().ShouldBe("""{"number":2}"""u8.ToArray());
        dead.Reason.ShouldBe("The message \"tests.numbered.v1\" has the id \"same\", but a message with this id and another body was handled at 2020-01-01T00:00:00.0000000+00:00. Two messages need two ids: correct the sender, and replay this one, which is kept under an id of its own, if its effect is missing.");
        await Eventually.EqualAsync(1, () => Count(service, 5001), "duplicates recognised");
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers", "tests.numbers.dead");
        (await world.CountAsync("dead_letter")).ShouldBe(2);
        (await world.EffectsAsync()).ShouldBe([1]);
    }

    [Theory]
    [InlineData("tests.unknown.v1", """{"number":2}""")]
    [InlineData("tests.numbered.v1", "no json")]
    public async Task One_that_cannot_be_handled_is_not_taken_for_another_that_was_handled_under_its_id(string name, string body)
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world);
        await PublishAsync(world, "same", 1);
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");

        await world.Broker.PublishAsync("", "tests.numbers", body, new BasicProperties { MessageId = "same", Type = name });

        var dead = await Eventually.FoundAsync(() => Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter");
        (dead.MessageId.StartsWith("derived-", StringComparison.Ordinal), Encoding.UTF8.GetString(dead.Body.Span)).ShouldBe((true, body));
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers");
        (await world.CountAsync("dead_letter")).ShouldBe(1);
    }

    [Fact]
    public async Task A_scheduled_retry_is_the_same_message()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "1h", before: (_, context) =>
            context.Attempt == 1 ? throw new InvalidOperationException("once") : Task.CompletedTask));
        await service.ConsumingAsync();
        await PublishAsync(world, "m", 1);
        await Eventually.EqualAsync("scheduled", () => world.Database.ScalarAsync<string>("SELECT state FROM reliable_mq.failure"), "the state of the failure");
        await world.Database.ExecuteAsync("UPDATE reliable_mq.outbox SET available_at = clock_timestamp()");
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");

        await PublishAsync(world, "m", 1);
        await PublishAsync(world, "m", 1, epoch: 1);

        await Eventually.EqualAsync(2, () => Count(service, 5001), "duplicates recognised");
        (await world.CountAsync("dead_letter")).ShouldBe(0);
    }

    [Fact]
    public async Task A_late_delivery_of_a_message_that_was_edited_and_replayed_is_the_same_message()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world);
        await PublishAsync(world, "m", 2, epoch: 1);
        await Eventually.EqualAsync([2], world.EffectsAsync, "effects");

        await PublishAsync(world, "m", 1);
        await Eventually.EqualAsync(1, () => Count(service, 5001), "duplicates recognised");
        // A further edit of what is done does not go unseen.
        await PublishAsync(world, "m", 3, epoch: 2);

        (await Eventually.FoundAsync(() => Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter")).Body.ToArray().ShouldBe("""{"number":3}"""u8.ToArray());
        (await world.EffectsAsync()).ShouldBe([2]);
    }

    [Fact]
    public async Task A_message_without_an_id_gets_one_where_the_queue_says_so_and_is_handled_once()
    {
        await using var world = await World.CreateAsync();
        var ids = new List<string>();
        await using var service = await StartAsync(world, derive: true, before: context =>
        {
            lock (ids)
            {
                ids.Add(context.MessageId);
            }
        });

        await PublishAsync(world, null, 1);
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await PublishAsync(world, null, 1);
        await PublishAsync(world, "", 1);
        await Eventually.EqualAsync(2, () => Count(service, 5001), "duplicates recognised");
        await PublishAsync(world, null, 2);
        await PublishAsync(world, null, 1, appId: "other");

        await Eventually.EqualAsync([1, 1, 2], world.EffectsAsync, "effects");
        ids.ShouldAllBe(id => id.StartsWith("derived-") && id.Length == "derived-".Length + 32);
        ids.Distinct().Count().ShouldBe(3);
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers");
    }

    [Fact]
    public async Task A_message_with_a_derived_id_fails_and_dies_once_under_it()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, derive: true, retry: "100ms, 1h", before: _ => throw new InvalidOperationException("never"));

        await PublishAsync(world, null, 1);
        await Eventually.EqualAsync("scheduled", () => world.Database.ScalarAsync<string>("SELECT state FROM reliable_mq.failure"), "the state of the failure");
        await world.Database.ExecuteAsync("UPDATE reliable_mq.outbox SET available_at = clock_timestamp()");

        var dead = await Eventually.FoundAsync(() => Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter");
        dead.MessageId.ShouldStartWith("derived-");
        dead.Attempts.ShouldBe(3);
        await Eventually.EqualAsync(1, () => Count(service, 7004), "copies of the dead letter");
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers", "tests.numbers.dead");
        (await world.CountAsync("dead_letter")).ShouldBe(1);
    }

    [Fact]
    public async Task A_dead_letter_with_a_derived_id_is_stored_once_though_its_message_comes_again()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, derive: true, retry: "", before: _ => throw new InvalidOperationException("never"));

        await PublishAsync(world, null, 1);
        await Eventually.EqualAsync(1, () => world.CountAsync("dead_letter"), "dead letters");
        await PublishAsync(world, null, 1);

        await Eventually.EqualAsync(1, () => Count(service, 5001), "deliveries not admitted");
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers", "tests.numbers.dead");
        (await world.CountAsync("dead_letter")).ShouldBe(1);
    }

    private static async Task<TestService> StartAsync(World world, bool derive = false, string retry = "100ms", Action<MessageContext>? before = null)
    {
        var service = await world.StartAsync(setup =>
        {
            setup.Settings["Queues:tests.numbers:DeriveMessageIds"] = derive ? "true" : "false";
            setup.HandleNumbered(retry: retry, before: (_, context) =>
            {
                before?.Invoke(context);
                return Task.CompletedTask;
            });
        });
        await service.ConsumingAsync();
        return service;
    }

    private static async Task<List<DeadLetter>> DeadAsync(TestService service)
    {
        var dead = new List<DeadLetter>();
        await foreach (var letter in service.DeadLetters.ListAsync())
        {
            dead.Add(letter);
        }

        return dead;
    }

    private static int Count(TestService service, int eventId) => service.Logs.Entries.Count(entry => entry.EventId.Id == eventId);

    private static Task PublishAsync(World world, string? messageId, int number, int epoch = 0, string? appId = null)
    {
        var properties = new BasicProperties { Type = "tests.numbered.v1", ContentType = "application/json", Headers = new Dictionary<string, object?> { [MessageHeaders.Epoch] = epoch } };
        if (messageId is not null)
        {
            properties.MessageId = messageId;
        }

        if (appId is not null)
        {
            properties.AppId = appId;
        }

        return world.Broker.PublishAsync("", "tests.numbers", $$"""{"number":{{number}}}""", properties);
    }
}
