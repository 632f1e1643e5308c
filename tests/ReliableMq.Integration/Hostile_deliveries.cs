using Microsoft.EntityFrameworkCore;
using RabbitMQ.Client;
using ReliableMq.Integration.Laws;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>What other clients may send: it ends visibly, and what is well goes on.</summary>
public class Hostile_deliveries
{
    [Fact]
    public async Task Duplicates_of_an_unreadable_message_are_settled_like_the_first()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, "100ms");
        for (var copy = 0; copy < 3; copy++)
        {
            await world.Broker.PublishAsync("", "tests.numbers", "{ bad", Properties("twin"));
        }

        // One verdict, and three copies that came to the dead-letter queue.
        await Eventually.EqualAsync((1, 3), () => (Count(service, 7001), Count(service, 7004)), "dead letters stored and merged");
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers", "tests.numbers.dead");
        (await world.CountAsync("dead_letter")).ShouldBe(1);
    }

    [Fact]
    public async Task Headers_nested_as_deep_as_a_frame_allows_end_no_process()
    {
        // Five bytes a level, in a frame of 128 KiB.
        const int depth = 26_000;
        await using var world = await World.CreateAsync();
        await using var consumer = world.StartProcess(Worker.Consume);
        await consumer.WaitForLineAsync(line => line == "started");
        await Eventually.TrueAsync(async () => await world.Broker.UseChannelAsync(channel => channel.ConsumerCountAsync("tests.numbers")) > 0, "it consumes", TimeSpan.FromMinutes(1));
        object? nested = "x";
        for (var level = 0; level < depth; level++)
        {
            nested = new List<object?> { nested };
        }

        var properties = Properties("deep");
        properties.Headers = new Dictionary<string, object?> { ["nested"] = nested };
        await world.Broker.PublishAsync("", "tests.numbers", """{"number":1}""", properties);

        await Eventually.TrueAsync(async () => consumer.HasExited || (await world.EffectsAsync()).Any(), "its effect");
        consumer.HasExited.ShouldBeFalse(string.Join(Environment.NewLine, consumer.Output.TakeLast(5)));
        (await world.EffectsAsync()).ShouldBe([1]);
    }

    [Fact]
    public async Task Text_that_no_database_takes_does_not_keep_a_failing_message_from_its_end()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, "1h");
        var properties = Properties("nul");
        properties.CorrelationId = "a\0b";
        properties.Headers = new Dictionary<string, object?> { ["nul"] = "a\0b", [MessageHeaders.CausationId] = "c\0d" };
        await world.Broker.PublishAsync("", "tests.numbers", """{"number":-1}""", properties);

        await Eventually.EqualAsync("scheduled", () => world.Database.ScalarAsync<string>("SELECT state FROM reliable_mq.failure"), "the state of the failure");
        await world.Database.ExecuteAsync("UPDATE reliable_mq.outbox SET available_at = clock_timestamp()");

        (await Eventually.FoundAsync(() => Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter")).Attempts.ShouldBe(2);
    }

    [Fact]
    public async Task Headers_that_look_like_ours_come_back_as_they_were()
    {
        await using var world = await World.CreateAsync();
        object? seen = null;
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "1h", before: (_, context) =>
        {
            seen = context.Headers["nested"];
            return context.Attempt == 1 ? throw new InvalidOperationException("once") : Task.CompletedTask;
        }));
        await StartedAsync(service);
        var properties = Properties("tagged");
        properties.Headers = new Dictionary<string, object?> { ["nested"] = new Dictionary<string, object?> { ["$bytes"] = "no base64!" } };
        await world.Broker.PublishAsync("", "tests.numbers", """{"number":1}""", properties);

        await Eventually.EqualAsync("scheduled", () => world.Database.ScalarAsync<string>("SELECT state FROM reliable_mq.failure"), "the state of the failure");
        await world.Database.ExecuteAsync("UPDATE reliable_mq.outbox SET available_at = clock_timestamp()");

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        seen.ShouldBeAssignableTo<IDictionary<string, object?>>()!.Keys.ShouldBe(["$bytes"]);
    }

    [Fact]
    public async Task Stored_headers_that_cannot_be_read_or_sent_hurt_their_own_row_only()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("target", "tests", "tests.numbered.v1");
        await using var service = await world.StartAsync();
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.outbox (id, message_id, name, exchange, routing_key, content_type, headers, body, created_at, available_at)
            SELECT gen_random_uuid(), 'bad', 'tests.numbered.v1', 'tests', 'tests.numbered.v1', 'application/json', headers, ''::bytea, clock_timestamp(), clock_timestamp()
            FROM unnest(ARRAY['{"a":{"$bytes":"no base64!"}}', '{ broken', '{"big":"' || repeat('x', 200000) || '"}']) AS headers
            """);

        await service.SaveAsync([.. Enumerable.Range(0, 100).Select(number => new Numbered(number))]);

        await Eventually.EqualAsync(100, () => world.CountAsync("outbox_history"), "rows sent");
        await Eventually.EqualAsync(3, async () => (await world.OutboxAsync()).Count(row => row.ErrorKind == "refused"), "rows refused");
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 3003, "the connection was never lost");
    }

    [Fact]
    public async Task A_delivery_of_a_later_epoch_than_known_counts_its_attempts()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, "100ms");
        await world.Database.ExecuteAsync("INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state) VALUES ('tests.numbers', 'ahead', 1, 5, 'failing')");
        var properties = Properties("ahead");
        properties.Headers = new Dictionary<string, object?> { [MessageHeaders.Epoch] = 7 };
        await world.Broker.PublishAsync("", "tests.numbers", """{"number":-1}""", properties);

        (await Eventually.FoundAsync(() => Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter")).Attempts.ShouldBe(2);
    }

    [Fact]
    public async Task A_dead_letter_with_huge_headers_is_stored_whole_and_listed()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world, "");
        var properties = Properties("huge");
        properties.Headers = new Dictionary<string, object?> { ["huge"] = new string('x', 60_000) };
        await world.Broker.PublishAsync("", "tests.numbers", """{"number":-1}""", properties);

        (await Eventually.FoundAsync(() => Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter")).Headers["huge"].Length.ShouldBe(60_000);
    }

    [Fact]
    public async Task A_handler_that_ends_the_transaction_is_dead_lettered_at_once_without_an_effect()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Handle<Numbered>("tests.numbers", async (message, db, _) =>
        {
            db.Effects.Add(new Effect { Number = message.Number });
            await db.SaveChangesAsync();
            await db.Database.CommitTransactionAsync();
        }));
        await service.SaveAsync(new Numbered(1));

        var dead = await Eventually.FoundAsync(() => Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter");
        dead.Reason.ShouldBe("The handler \"tests.tests.numbers.Numbered\" tried to commit or roll back the transaction in which its message is handled. It is committed after the handler; throw to have it rolled back.");
        (await world.EffectsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_handler_that_adds_to_another_context_is_refused()
    {
        await using var world = await World.CreateAsync();
        TestService? service = null;
        await using (service = await world.StartAsync(setup => setup.Handle<Numbered>("tests.numbers", (_, _, _) =>
            service!.UseAsync(db =>
            {
                db.AddMessage(new Followed(1));
                return db.SaveChangesAsync();
            }), retry: "")))
        {
            await service.SaveAsync(new Numbered(1));

            (await Eventually.FoundAsync(() => Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter")).Reason.ShouldBe(
                "A message was added to another \"TestDb\" than the one in whose transaction \"tests.tests.numbers.Numbered\" handles, so it could be sent although the handling fails. Add it to the context that is injected into the handler.");
        }
    }

    private static async Task<TestService> StartAsync(World world, string retry)
    {
        var service = await world.StartAsync(setup => setup.HandleNumbered(retry: retry, before: (message, _) =>
            message.Number < 0 ? throw new InvalidOperationException("negative") : Task.CompletedTask));
        await StartedAsync(service);
        return service;
    }

    private static Task StartedAsync(TestService service) => Eventually.TrueAsync(() => Count(service, 4001) >= 2, "the consumers have started");

    private static int Count(TestService service, int eventId) => service.Logs.Entries.Count(entry => entry.EventId.Id == eventId);

    private static BasicProperties Properties(string messageId) => new() { MessageId = messageId, Type = "tests.numbered.v1", ContentType = "application/json" };
}
