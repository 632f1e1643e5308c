using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class What_a_handler_decides
{
    [Fact]
    public async Task A_retry_that_it_asks_for_is_no_attempt_and_takes_back_what_was_written()
    {
        await using var world = await World.CreateAsync();
        var attempts = new List<int>();
        await using var service = await world.StartAsync(setup => setup.Handle<Numbered>("tests.numbers", async (message, db, context) =>
        {
            attempts.Add(context.Attempt);
            db.Effects.Add(new Effect { Number = attempts.Count });
            await db.SaveChangesAsync(context.CancellationToken);
            if (attempts.Count <= 5)
            {
                context.RetryAfter(TimeSpan.FromMilliseconds(100));
            }
        }, retry: ""));

        await service.SaveAsync(new Numbered(1));

        await Eventually.EqualAsync([6], world.EffectsAsync, "effects");
        attempts.ShouldBe([1, 1, 1, 1, 1, 1]);
        (await world.CountAsync("failure")).ShouldBe(0);
        service.Logs.Entries.Count(entry => entry.EventId.Id == 6005).ShouldBe(5);
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 6001);
    }

    [Fact]
    public async Task A_long_retry_waits_in_the_database()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Handle<Numbered>("tests.numbers", (_, _, context) =>
        {
            context.RetryAfter(TimeSpan.FromHours(1));
            return Task.CompletedTask;
        }));

        await service.SaveAsync(new Numbered(1));

        await Eventually.EqualAsync(["scheduled 0 1"], async () => await world.Database.QueryAsync<string>("SELECT state || ' ' || attempts || ' ' || epoch FROM reliable_mq.failure"), "failures");
        await Eventually.EqualAsync([true], async () => await world.Database.QueryAsync<bool>(
            "SELECT due_at BETWEEN clock_timestamp() + interval '59 minutes' AND clock_timestamp() + interval '60 minutes' FROM reliable_mq.outbox WHERE routing_key = 'tests.numbers'"), "the scheduled copy");
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers");
    }

    [Fact]
    public async Task A_dead_letter_that_it_asks_for_is_one_with_its_reason_though_it_caught_the_end()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Handle<Numbered>("tests.numbers", (message, db, context) =>
        {
            db.Effects.Add(new Effect { Number = message.Number });
            try
            {
                context.DeadLetter("no such customer");
            }
            catch (Exception)
            {
                // As careless handlers do.
            }

            return Task.CompletedTask;
        }));

        await service.SaveAsync(new Numbered(1));

        await Eventually.TrueAsync(async () => await service.DeadLetters.ListAsync().AnyAsync(), "the dead letter");
        (await service.DeadLetters.ListAsync().SingleAsync()).Reason.ShouldBe("no such customer");
        (await world.EffectsAsync()).ShouldBeEmpty();
        (await world.CountAsync("alert_raise") + await world.CountAsync("alert")).ShouldBe(1);
    }

    [Fact]
    public async Task What_it_discards_is_kept_and_seen_and_never_handled()
    {
        await using var world = await World.CreateAsync();
        var handled = 0;
        await using var service = await world.StartAsync(setup => setup.Handle<Numbered>("tests.numbers", (message, db, context) =>
        {
            Interlocked.Increment(ref handled);
            db.Effects.Add(new Effect { Number = message.Number });
            context.Discard("a test order");
            return Task.CompletedTask;
        }));

        await service.SaveAsync(new Numbered(1, "kept"));

        await Eventually.TrueAsync(async () => await service.DeadLetters.ListAsync(new DeadLetterFilter { State = DeadLetterState.Discarded }).AnyAsync(), "the discarded message");
        var discarded = await service.DeadLetters.ListAsync(new DeadLetterFilter { State = DeadLetterState.Discarded }).SingleAsync();
        discarded.Reason.ShouldBe("a test order");
        discarded.DiscardedAt.ShouldNotBeNull();
        System.Text.Encoding.UTF8.GetString(discarded.Body.Span).ShouldContain("kept");
        (await service.DeadLetters.ListAsync().AnyAsync()).ShouldBeFalse();

        await world.Broker.PublishAsync("", "tests.numbers", discarded.Body.ToArray(), new RabbitMQ.Client.BasicProperties { MessageId = discarded.MessageId, Type = "tests.numbered.v1" });
        await world.Broker.PublishAsync("", "tests.numbers", "{}", new RabbitMQ.Client.BasicProperties { MessageId = "another", Type = "tests.numbered.v1" });
        await Eventually.EqualAsync(2, () => Task.FromResult(handled), "handled: the other one, not the copy");
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers", "tests.numbers.dead");
        (await world.EffectsAsync()).ShouldBeEmpty();
        (await world.CountAsync("alert_raise") + await world.CountAsync("alert")).ShouldBe(0);
    }
}
