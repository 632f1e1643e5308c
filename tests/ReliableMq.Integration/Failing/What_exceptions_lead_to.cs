using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Failing;

public class What_exceptions_lead_to
{
    private const string Queue = "tests.numbers";

    [Fact]
    public async Task Rules_end_a_message_at_once_or_give_it_another_delay()
    {
        await using var world = await World.CreateAsync();
        Exception[] thrown = [new FormatException("by the method"), new IOException("by the class"), new NotSupportedException("by all"), new TimeZoneNotFoundException("much later")];
        await using var service = await world.StartAsync(setup =>
        {
            setup.Handle<Numbered>(Queue, (message, _, _) => throw thrown[message.Number], retry: "10ms", rules:
                [new(typeof(FormatException), OnFailure.DeadLetter), new(typeof(TimeZoneNotFoundException), OnFailure.Retry) { Delay = "1h" }],
                rulesOfClass: [new(typeof(IOException), OnFailure.Discard), new(typeof(FormatException), OnFailure.Discard)]);
            setup.Services = services => services.AddReliableMq().OnException<NotSupportedException>(OnFailure.DeadLetter, exception => exception.Message == "by all");
        });
        await service.ConsumingAsync();

        await service.SaveAsync([.. Enumerable.Range(0, thrown.Length).Select(number => new Numbered(number))]);

        await Eventually.EqualAsync(3, () => world.CountAsync("dead_letter"), "dead letters");
        var dead = await service.DeadLetters.ListAsync().ToListAsync();
        dead.Select(one => (one.Reason, one.Attempts)).Order().ShouldBe([("by all", 1), ("by the method", 1)]);
        var discarded = await service.DeadLetters.ListAsync(new DeadLetterFilter { State = DeadLetterState.Discarded }).SingleAsync();
        (discarded.Reason, discarded.Attempts).ShouldBe(("by the class", 1));
        await Eventually.EqualAsync(["1 much later"], async () => await world.Database.QueryAsync<string>(
            """
            SELECT attempts || ' ' || substring(error FROM 'much later') FROM reliable_mq.failure
            WHERE state = 'scheduled' AND next_attempt_at BETWEEN clock_timestamp() + interval '59 minutes' AND clock_timestamp() + interval '60 minutes'
            """), "the one that waits for an hour");
        (await world.Database.ScalarAsync<long>("SELECT (SELECT count(*) FROM reliable_mq.alert_raise) + (SELECT coalesce(sum(count), 0) FROM reliable_mq.alert)::bigint")).ShouldBe(2, "nobody is told of the discarded one");
        await world.ShouldHaveSettledAllAsync(service, Queue);
    }

    [Fact]
    public async Task A_dead_letter_tells_what_each_of_its_attempts_threw()
    {
        await using var world = await World.CreateAsync();
        var attempts = 0;
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(
            retry: "10ms..10ms x24", before: (_, _) => throw new InvalidOperationException($"broken the {++attempts}. time, {new string('x', 9_000)}")));
        await service.ConsumingAsync();

        await service.SaveAsync(new Numbered(1));

        await Eventually.EqualAsync(1, () => world.CountAsync("dead_letter"), "dead letters");
        (await world.Database.QueryAsync<string>(
            """
            SELECT (h ->> 'attempt') || ' ' || substring(h ->> 'error' FROM 'broken the ([0-9]+)') || ' ' || (h ->> 'type') || ' ' || length(h ->> 'error')
            FROM reliable_mq.dead_letter, jsonb_array_elements(history) AS h
            """)).ShouldBe(Enumerable.Range(5, 20).Select(attempt => $"{attempt} {attempt} System.InvalidOperationException 8000"));
        (await world.Database.QueryAsync<string>("SELECT attempts || ' ' || substring(error FROM 'broken the ([0-9]+)') FROM reliable_mq.dead_letter")).ShouldBe(["25 25"]);
    }

    [Fact]
    public async Task A_deadlock_is_over_at_the_next_try_which_has_new_services_and_a_new_transaction()
    {
        await using var world = await World.CreateAsync();
        await world.Database.ExecuteAsync("INSERT INTO \"Effects\" (\"Number\", \"Note\") VALUES (-1, ''), (-2, '')");
        var (first, second) = (new Signal("the first row is locked"), new Signal("the second row is locked"));
        var tries = new System.Collections.Concurrent.ConcurrentQueue<(int Number, int Attempt, DbContextId Context, string Transaction)>();
        await using var service = await world.StartAsync(setup => setup.Handle<Numbered>(Queue, async (message, db, context) =>
        {
            var transaction = await db.Database.SqlQueryRaw<string>("SELECT pg_current_xact_id()::text AS \"Value\"").SingleAsync();
            tries.Enqueue((message.Number, context.Attempt, db.ContextId, transaction));
            db.Effects.Add(new Effect { Number = message.Number });
            await db.SaveChangesAsync(context.CancellationToken);
            await LockAsync(db, -message.Number);
            (message.Number == 1 ? first : second).Set();
            await (message.Number == 1 ? second : first).WaitAsync();
            await LockAsync(db, message.Number - 3);
        }, retry: ""));
        await service.ConsumingAsync();

        await service.SaveAsync(new Numbered(1), new Numbered(2));

        await Eventually.EqualAsync([-2, -1, 1, 2], world.EffectsAsync, "effects");
        var victim = tries.GroupBy(one => one.Number).Single(tried => tried.Count() > 1).ToList();
        victim.Select(one => one.Attempt).ShouldBe([1, 1]);
        victim.Select(one => one.Transaction).Distinct().Count().ShouldBe(2);
        victim.Select(one => one.Context).Distinct().Count().ShouldBe(2);
        service.Logs.Entries.Count(entry => entry.EventId.Id == 6006).ShouldBe(1);
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 6001, "no attempt has failed");
        (await world.CountAsync("failure")).ShouldBe(0);

        Task<int> LockAsync(DbContext db, int number) => db.Database.ExecuteSqlAsync($"UPDATE \"Effects\" SET \"Note\" = 'locked' WHERE \"Number\" = {number}");
    }

    [Fact]
    public async Task Without_immediate_retries_a_serialization_failure_waits_for_the_queues_delay()
    {
        await using var world = await World.CreateAsync();
        var attempts = new System.Collections.Concurrent.ConcurrentQueue<int>();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered(retry: "100ms", before: (_, context) =>
            {
                attempts.Enqueue(context.Attempt);
                return context.Attempt == 1 ? throw new PostgresException("could not serialize access", "ERROR", "ERROR", "40001") : Task.CompletedTask;
            });
            setup.Settings[$"Queues:{Queue}:ImmediateRetries"] = "0";
        });

        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(1));

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        attempts.ShouldBe([1, 2]);
        service.Logs.Entries.Count(entry => entry.EventId.Id == 6001).ShouldBe(1);
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 6006);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Immediate_retries_that_all_fail_are_one_attempt_with_or_without_a_database(bool database)
    {
        await using var world = await World.CreateAsync();
        var attempts = new System.Collections.Concurrent.ConcurrentQueue<int>();
        OnExceptionAttribute[] rules = [new(typeof(IOException), OnFailure.RetryNow)];
        await using var service = await world.StartAsync(setup =>
        {
            if (database)
            {
                setup.Handle<Numbered>(Queue, (_, _, context) => Fail(context), retry: "50ms", rules: rules);
            }
            else
            {
                setup.HandleWithoutInbox<Numbered>(Queue, (_, context) => Fail(context), retry: "50ms", rules: rules);
            }

            setup.Settings[$"Queues:{Queue}:ImmediateRetries"] = "2";
        });
        await service.ConsumingAsync();

        await world.Broker.PublishAsync("", Queue, """{"number":1}""", new RabbitMQ.Client.BasicProperties { MessageId = "m", Type = "tests.numbered.v1" });

        await Eventually.TrueAsync(() => Task.FromResult(service.Logs.Entries.Any(entry => entry.EventId.Id == 7001)), "the dead letter");
        attempts.ShouldBe([1, 1, 1, 2, 2, 2]);
        service.Logs.Entries.Where(entry => entry.EventId.Id == 6006).Select(entry => entry.Message[^9..]).ShouldBe(["(1 of 2).", "(2 of 2).", "(1 of 2).", "(2 of 2)."]);
        service.Logs.Entries.Count(entry => entry.EventId.Id == 6001).ShouldBe(1);

        Task Fail(MessageContext context)
        {
            attempts.Enqueue(context.Attempt);
            throw new IOException("never");
        }
    }

    [Fact]
    public async Task Immediate_retries_end_with_the_timeout_of_the_attempt()
    {
        await using var world = await World.CreateAsync();
        var tries = 0;
        await using var service = await world.StartAsync(setup => setup.Handle<Numbered>(Queue, async (_, _, context) =>
        {
            if (Interlocked.Increment(ref tries) == 2)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            throw new IOException("again");
        }, retry: "", timeout: "1s", rules: [new(typeof(IOException), OnFailure.RetryNow)]));
        await service.ConsumingAsync();

        await service.SaveAsync(new Numbered(1));

        var dead = await Eventually.FoundAsync(() => Laws.Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter");
        (dead.Reason, dead.Attempts).ShouldBe(("The handler took longer than the queue's timeout of 1 seconds.", 1));
        tries.ShouldBe(2);
    }

    [Fact]
    public async Task Immediate_retries_end_when_the_host_gives_up_and_count_nothing()
    {
        await using var world = await World.CreateAsync();
        var second = new Signal("the second try");
        var tries = 0;
        await using var service = await world.StartAsync(setup =>
        {
            setup.Handle<Numbered>(Queue, async (_, _, context) =>
            {
                if (Interlocked.Increment(ref tries) == 2)
                {
                    second.Set();
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }

                throw new IOException("again");
            }, rules: [new(typeof(IOException), OnFailure.RetryNow)]);
            setup.Services = services => services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        });
        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(1));
        await second.WaitAsync();

        await service.StopAsync();

        tries.ShouldBe(2);
        (await world.CountAsync("failure")).ShouldBe(0);
        // The broker takes back what a closed channel held after it has answered.
        await Eventually.EqualAsync(1u, () => world.ReadyAsync(Queue), "messages that are back");
    }
}
