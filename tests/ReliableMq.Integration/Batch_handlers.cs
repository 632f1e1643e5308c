using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using RabbitMQ.Client;
using ReliableMq.Inbox;
using ReliableMq.Integration.Support;
using ReliableMq.Receiving;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Batch_handlers
{
    [Fact]
    public async Task A_batch_shares_a_transaction_and_each_message_has_its_effect_once()
    {
        await using var world = await World.CreateAsync();
        var sizes = new ConcurrentBag<int>();
        var transactions = new ConcurrentBag<string>();
        await using (var service = await world.StartAsync(setup => setup.HandleMany<Numbered>("tests.numbers", async (messages, db, contexts) =>
        {
            sizes.Add(messages.Count);
            messages.Count.ShouldBe(contexts.Count);
            foreach (var (message, context) in messages.Zip(contexts))
            {
                db.Effects.Add(new Effect { Number = message.Number, Note = context.MessageId });
                transactions.Add($"{context.Transaction!.Connection!.ProcessID}");
            }

            await db.SaveChangesAsync(contexts[0].CancellationToken);
        }, batchSize: 20, linger: "100ms", concurrency: 2)))
        {
            await service.ConsumingAsync();
            await service.SaveAsync([.. Enumerable.Range(0, 200).Select(number => new Numbered(number))]);
            await Eventually.EqualAsync(200L, () => world.CountAsync("inbox"), "handled messages");
            await world.ShouldHaveSettledAllAsync(service, "tests.numbers");
        }

        (await world.EffectsAsync()).ShouldBe(Enumerable.Range(0, 200));
        sizes.Max().ShouldBeInRange(2, 20);
        sizes.Count.ShouldBeLessThan(200);
    }

    /// <summary>One of them may have been handled by another process, when this one's transaction was rolled back.</summary>
    [Fact]
    public async Task A_batch_whose_commit_failed_is_done_only_if_all_its_messages_are()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync(ReliableMqSchema.Script());
        await database.ExecuteAsync("INSERT INTO reliable_mq.inbox (queue, message_id, fingerprint, epoch) VALUES ('q', 'a', gen_random_uuid(), 0), ('q', 'b', gen_random_uuid(), 0)");
        var entry = new InboxEntry("reliable_mq", TimeSpan.FromSeconds(30), parking: null!);

        (await AreDoneAsync("a")).ShouldBeTrue();
        (await AreDoneAsync("a", "b")).ShouldBeTrue();
        (await AreDoneAsync("a", "b", "c")).ShouldBeFalse();
        (await AreDoneAsync("c", "a")).ShouldBeFalse();

        async Task<bool> AreDoneAsync(params string[] ids)
        {
            await using var connection = await database.DataSource.OpenConnectionAsync();
            return await entry.AreDoneAsync(connection, [.. ids.Select(id => new Delivery
            {
                Tag = 1, Queue = "q", Exchange = "", RoutingKey = "", Redelivered = false, MessageId = id, Name = "n", ContentType = null, CorrelationId = null, ReplyTo = null,
                Headers = [], Body = [], Priority = null, ReceivedTimestamp = 0, ReceivedAt = default,
            })]);
        }
    }

    [Fact]
    public async Task One_bad_message_is_found_and_the_rest_are_done()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleMany<Numbered>("tests.numbers", (messages, db, _) =>
        {
            db.Effects.AddRange(messages.Select(message => new Effect { Number = message.Number }));
            return messages.Any(message => message.Number == 7) ? throw new InvalidOperationException("seven") : Task.CompletedTask;
        }, batchSize: 50, linger: "500ms"));
        await service.ConsumingAsync();

        await service.SaveAsync([.. Enumerable.Range(0, 50).Select(number => new Numbered(number))]);

        await Eventually.EqualAsync(49L, () => world.CountAsync("inbox"), "handled messages");
        (await world.EffectsAsync()).ShouldBe(Enumerable.Range(0, 50).Where(number => number != 7));
        await Eventually.TrueAsync(async () => await service.DeadLetters.ListAsync().CountAsync() == 1, "the bad one is a dead letter");
        var dead = await service.DeadLetters.ListAsync().SingleAsync();
        (dead.Attempts, dead.Reason).ShouldBe((3, "seven"));
        service.Logs.Entries.ShouldContain(entry => entry.EventId.Id == 5003 && entry.Message.Contains("InvalidOperationException: seven"));
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers");
    }

    [Fact]
    public async Task A_verdict_concerns_its_own_message()
    {
        await using var world = await World.CreateAsync();
        var asked = new ConcurrentDictionary<int, int>();
        await using var service = await world.StartAsync(setup => setup.HandleMany<Numbered>("tests.numbers", (messages, db, contexts) =>
        {
            foreach (var (message, context) in messages.Zip(contexts))
            {
                db.Effects.Add(new Effect { Number = message.Number });
                switch (message.Number)
                {
                    case 1:
                        context.Discard("a test order");
                        break;
                    case 2:
                        context.DeadLetter("no such customer");
                        break;
                    case 3 when asked.AddOrUpdate(3, 1, (_, count) => count + 1) < 4:
                        context.Attempt.ShouldBe(1);
                        context.RetryAfter(TimeSpan.FromMilliseconds(100));
                        break;
                }
            }

            return Task.CompletedTask;
        }, batchSize: 5, linger: "500ms"));
        await service.ConsumingAsync();

        await service.SaveAsync([.. Enumerable.Range(0, 5).Select(number => new Numbered(number))]);

        await Eventually.EqualAsync([0, 3, 4], world.EffectsAsync, "effects");
        await Eventually.TrueAsync(async () => await service.DeadLetters.ListAsync().CountAsync() == 1, "the dead letter");
        (await service.DeadLetters.ListAsync(new DeadLetterFilter { State = DeadLetterState.Discarded }).SingleAsync()).Reason.ShouldBe("a test order");
    }

    [Fact]
    public async Task Duplicates_in_and_between_batches_have_one_effect()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleMany<Numbered>("tests.numbers", (messages, db, _) =>
        {
            db.Effects.AddRange(messages.Select(message => new Effect { Number = message.Number }));
            return Task.CompletedTask;
        }, batchSize: 10, linger: "200ms", concurrency: 4));
        await service.ConsumingAsync();

        await PublishAsync(world, [.. Enumerable.Range(0, 20).SelectMany(number => Enumerable.Repeat(number, 3))]);
        await PublishAsync(world, [.. Enumerable.Range(0, 20)]);
        await PublishAsync(world, [.. Enumerable.Range(0, 20)]);

        await Eventually.EqualAsync(20L, () => world.CountAsync("inbox"), "handled messages");
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers");
        (await world.EffectsAsync()).ShouldBe(Enumerable.Range(0, 20));
        (await world.CountAsync("failure")).ShouldBe(0);
    }

    [Fact]
    public async Task What_was_discarded_or_has_failed_before_is_in_no_batch()
    {
        await using var world = await World.CreateAsync();
        var batches = new ConcurrentBag<int[]>();
        await using var service = await world.StartAsync(setup => setup.HandleMany<Numbered>("tests.numbers", (messages, db, contexts) =>
        {
            batches.Add([.. messages.Select(message => message.Number)]);
            db.Effects.AddRange(messages.Select(message => new Effect { Number = message.Number }));
            contexts.Zip(messages).FirstOrDefault(handled => handled.Second.Number == 1).First?.Discard("a test order");
            return messages.Any(message => message.Number == 2) ? throw new InvalidOperationException("two") : Task.CompletedTask;
        }, batchSize: 10, linger: "500ms"));
        await service.ConsumingAsync();
        await PublishAsync(world, 1, 2);
        await Eventually.EqualAsync(["dead", "discarded"], async () => await world.Database.QueryAsync<string>("SELECT state FROM reliable_mq.failure ORDER BY 1"), "failures");
        batches.Clear();

        await PublishAsync(world, 1, 2, 3, 4);

        await Eventually.EqualAsync([3, 4], world.EffectsAsync, "effects");
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers");
        batches.SelectMany(numbers => numbers).Order().ShouldBe([3, 4]);
    }

    private static async Task PublishAsync(World world, params int[] numbers)
    {
        foreach (var number in numbers)
        {
            await world.Broker.PublishAsync("", "tests.numbers", $$"""{"number":{{number}}}""", new BasicProperties { MessageId = $"m-{number}", Type = "tests.numbered.v1" });
        }
    }

    [Fact]
    public async Task Messages_added_in_a_batch_leave_with_it_only()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("seen", "tests", "tests.followed.v1");
        var failed = 0;
        await using var service = await world.StartAsync(setup => setup.HandleMany<Numbered>("tests.numbers", (messages, db, _) =>
        {
            foreach (var message in messages)
            {
                db.AddMessage(new Followed(message.Number));
            }

            return messages.Count > 1 && Interlocked.Exchange(ref failed, 1) == 0 ? throw new InvalidOperationException("once") : Task.CompletedTask;
        }, batchSize: 10, linger: "500ms"));
        await service.ConsumingAsync();

        await service.SaveAsync([.. Enumerable.Range(0, 10).Select(number => new Numbered(number))]);

        await Eventually.EqualAsync(10L, () => world.CountAsync("inbox"), "handled messages");
        await Eventually.EqualAsync(0L, () => world.CountAsync("outbox"), "unsent messages");
        failed.ShouldBe(1);
        (await world.Broker.UseChannelAsync(channel => channel.MessageCountAsync("seen"))).ShouldBe(10u);
    }

    [Fact]
    public async Task A_stop_returns_what_waits_for_its_batch_uncounted()
    {
        await using var world = await World.CreateAsync();
        var service = await world.StartAsync(setup => setup.HandleMany<Numbered>("tests.numbers", (_, _, _) => Task.CompletedTask, batchSize: 10, linger: "1m"));
        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(1));
        await Eventually.TrueAsync(async () => (await world.Broker.QueueCountsAsync("tests.numbers")).Unacked == 1, "the message waits for its batch");

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await service.Host.StopAsync(limit.Token);

        (await world.Broker.UseChannelAsync(channel => channel.MessageCountAsync("tests.numbers"))).ShouldBe(1u);
        (await world.CountAsync("inbox")).ShouldBe(0);
        (await world.CountAsync("failure")).ShouldBe(0);
        await service.DisposeAsync();
    }
}
