using Microsoft.EntityFrameworkCore;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Quartz;
using RabbitMQ.Client;
using ReliableMq.DeadLettering;
using ReliableMq.Integration.Support;
using ReliableMq.Scheduling;
using ReliableMq.Storage;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Dead_letters_are_replayed
{
    [Fact]
    public async Task One_is_handled_once_with_new_attempts_and_stands_in_the_audit()
    {
        await using var world = await World.CreateAsync();
        var mended = false;
        var attempts = new List<int>();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(before: (_, context) =>
        {
            attempts.Add(context.Attempt);
            return mended ? Task.CompletedTask : throw new InvalidOperationException("no such customer");
        }));
        await service.SaveAsync(new Numbered(1));
        var dead = await WaitForOneAsync(service);
        mended = true;

        await service.DeadLetters.ReplayAsync(dead.Id, "maria");

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        attempts.ShouldBe([1, 2, 3, 1]);
        (await service.DeadLetters.ListAsync().AnyAsync()).ShouldBeFalse();
        (await service.DeadLetters.ListAsync(new DeadLetterFilter { State = DeadLetterState.Replayed }).SingleAsync()).ReplayedAt.ShouldNotBeNull();
        (await world.Database.QueryAsync<string>("SELECT who || ' ' || action || ' ' || target FROM reliable_mq.audit")).ShouldBe([$"maria replay tests.numbers {dead.MessageId} epoch 0"]);
        var again = await Should.ThrowAsync<ReliableMqException>(() => service.DeadLetters.ReplayAsync(dead.Id, "maria"));
        again.Message.ShouldStartWith($"The dead letter \"{dead.MessageId}\" of \"tests.numbers\" was replayed at ");
        again.Message.ShouldEndWith("If it died again, it is in the list once more, with a higher epoch.");
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers", "tests.numbers.dead");
        (await world.CountAsync("failure")).ShouldBe(0);
    }

    [Fact]
    public async Task One_is_mended_on_its_way()
    {
        await using var world = await World.CreateAsync();
        object? tenant = null;
        var removed = true;
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "", before: (message, context) =>
        {
            context.Headers.TryGetValue("tenant", out tenant);
            removed = !context.Headers.ContainsKey("wrong");
            return message.Number < 0 ? throw new InvalidOperationException("negative") : Task.CompletedTask;
        }));
        await service.UseAsync(async db =>
        {
            db.AddMessage(new Numbered(-1), new MessageOptions { Headers = new Dictionary<string, string> { ["wrong"] = "yes" } });
            await db.SaveChangesAsync();
        });
        var dead = await WaitForOneAsync(service);

        await service.DeadLetters.ReplayAsync(dead.Id, "maria", new ReplayOptions
        {
            Body = Encoding.UTF8.GetBytes("""{"number":7}"""),
            Headers = new Dictionary<string, string?> { ["tenant"] = "north", ["wrong"] = null },
        });

        await Eventually.EqualAsync([7], world.EffectsAsync, "effects");
        (tenant, removed).ShouldBe(("north", true));
        (await world.Database.QueryAsync<string>("SELECT details FROM reliable_mq.audit")).ShouldBe(["header tenant set, header wrong removed, body changed"]);
        (await Should.ThrowAsync<ReliableMqException>(() => service.DeadLetters.ReplayAsync(dead.Id, "maria", new ReplayOptions { Headers = new Dictionary<string, string?> { ["x-reliable-mq-epoch"] = "9" } })))
            .Message.ShouldBe("The header \"x-reliable-mq-epoch\" cannot be changed. Names that begin with \"x-reliable-mq-\" are ReliableMq's own.");
    }

    [Fact]
    public async Task One_whose_message_was_handled_is_refused_aloud()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        await world.Broker.PublishAsync("", "tests.numbers.dead", """{"number":1}""", new BasicProperties { MessageId = "m-1", Type = "tests.numbered.v1" });
        var dead = await WaitForOneAsync(service);
        await world.Broker.PublishAsync("", "tests.numbers", """{"number":1}""", new BasicProperties
        {
            MessageId = "m-1", Type = "tests.numbered.v1", Headers = new Dictionary<string, object?> { ["x-reliable-mq-epoch"] = 1 },
        });
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");

        var refused = await Should.ThrowAsync<ReliableMqException>(() => service.DeadLetters.ReplayAsync(dead.Id, "maria"));

        refused.Message.ShouldStartWith("The message \"m-1\" of \"tests.numbers\" was not replayed, because it was handled at ");
        refused.Message.ShouldEndWith("Send a new message if it has to be handled once more.");
        (await world.CountAsync("audit")).ShouldBe(0);
        (await world.CountAsync("outbox")).ShouldBe(0);
        (await Should.ThrowAsync<ReliableMqException>(() => service.DeadLetters.ReplayAsync(new DeadLetterId("tests.numbers", "m-2", 0), "maria"))).Message
            .ShouldBe("There is no dead letter \"m-2\" of the queue \"tests.numbers\" with the epoch 0. Look at the list.");
    }

    [Fact]
    public async Task One_whose_message_was_handled_goes_when_the_inbox_forgets_the_message()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        await world.Broker.PublishAsync("", "tests.numbers.dead", """{"number":1}""", new BasicProperties { MessageId = "m-1", Type = "tests.numbered.v1" });
        var dead = await WaitForOneAsync(service);
        // A version before this one did not wait for a handler, while the broker gave up a further copy.
        await world.Database.ExecuteAsync(
            "INSERT INTO reliable_mq.inbox (queue, message_id, fingerprint, epoch, handled_at) SELECT queue, message_id, gen_random_uuid(), 0, clock_timestamp() - interval '20 days' FROM reliable_mq.dead_letter");
        await What_the_inbox_remembers.KeepHouseAsync(service);

        (await Should.ThrowAsync<ReliableMqException>(() => service.DeadLetters.ReplayAsync(dead.Id, "maria"))).Message
            .ShouldBe("There is no dead letter \"m-1\" of the queue \"tests.numbers\" with the epoch 0. Look at the list.");
        (await service.DeadLetters.ListAsync().AnyAsync()).ShouldBeFalse();
        (await world.CountAsync("failure")).ShouldBe(0);
        (await world.CountAsync("outbox")).ShouldBe(0);
    }

    [Fact]
    public async Task One_that_the_broker_made_needs_consent_if_the_inbox_may_have_forgotten_its_message()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        await world.Database.ExecuteAsync("INSERT INTO reliable_mq.inbox_horizon VALUES ('tests.numbers', clock_timestamp() - interval '14 days')");
        await world.Broker.PublishAsync("", "tests.numbers.dead", """{"number":1}""", new BasicProperties
        {
            MessageId = "m-1", Type = "tests.numbered.v1", Timestamp = new AmqpTimestamp(TimeProvider.System.GetUtcNow().AddDays(-20).ToUnixTimeSeconds()),
        });
        var dead = await WaitForOneAsync(service);

        (await Should.ThrowAsync<ReliableMqException>(() => service.DeadLetters.ReplayAsync(dead.Id, "maria"))).Message
            .ShouldStartWith("The message \"m-1\" of \"tests.numbers\" was not replayed, because it is older than what the inbox remembers");
        await service.DeadLetters.ReplayAsync(dead.Id, "maria", new ReplayOptions { BeyondHorizon = true });

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task One_older_than_what_the_inbox_remembers_needs_consent()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        await world.Database.ExecuteAsync("INSERT INTO reliable_mq.inbox_horizon VALUES ('tests.numbers', clock_timestamp() - interval '14 days')");
        await world.Broker.PublishAsync("", "tests.numbers", """{"number":1}""", new BasicProperties
        {
            MessageId = "m-1", Type = "tests.numbered.v1", Timestamp = new AmqpTimestamp(TimeProvider.System.GetUtcNow().AddDays(-20).ToUnixTimeSeconds()),
        });
        var dead = await WaitForOneAsync(service);

        var refused = await Should.ThrowAsync<ReliableMqException>(() => service.DeadLetters.ReplayAsync(dead.Id, "maria"));
        var many = (await service.DeadLetters.ReplayAsync(new DeadLetterFilter(), "maria")).Single();

        const string refusal = "The message \"m-1\" of \"tests.numbers\" was not replayed, because it is older than what the inbox remembers: it may have been handled, and would be handled twice. If you know that it was not, or that twice does no harm, replay it with BeyondHorizon.";
        refused.Message.ShouldBe(refusal);
        await Eventually.TrueAsync(async () => (await service.DeadLetters.ListReplaysAsync()).Single() is { FinishedAt: not null }, "the replay is through");
        (await service.DeadLetters.ListReplaysAsync()).Single().ShouldBeEquivalentTo(many with { Refused = 1, Refusal = refusal, FinishedAt = (await service.DeadLetters.ListReplaysAsync()).Single().FinishedAt });
        (await world.EffectsAsync()).ShouldBeEmpty();

        await service.DeadLetters.ReplayAsync(dead.Id, "maria", new ReplayOptions { BeyondHorizon = true });

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        (await world.Database.QueryAsync<string>("SELECT details FROM reliable_mq.audit WHERE action = 'replay'")).ShouldBe(["beyond the horizon"]);
    }

    [Fact]
    public async Task One_that_dies_again_is_another_dead_letter_and_an_older_copy_does_not_run()
    {
        await using var world = await World.CreateAsync();
        var runs = 0;
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "", before: (_, _) =>
        {
            Interlocked.Increment(ref runs);
            throw new InvalidOperationException("still broken");
        }));
        await service.SaveAsync(new Numbered(1));
        var dead = await WaitForOneAsync(service);

        await service.DeadLetters.ReplayAsync(dead.Id, "maria");

        await Eventually.EqualAsync([1], async () => await service.DeadLetters.ListAsync().Select(again => again.Epoch).ToListAsync(), "epochs of what waits");
        await world.Broker.PublishAsync("", "tests.numbers", dead.Body, new BasicProperties { MessageId = dead.MessageId, Type = "tests.numbered.v1" });
        await service.Logs.WaitForAsync(entry => entry.EventId.Id == 5001, "the old copy is not admitted");
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers");
        runs.ShouldBe(2);
        await Eventually.EqualAsync(2L, () => world.Database.ScalarAsync<long>("SELECT coalesce((SELECT sum(count) FROM reliable_mq.alert), 0)::bigint + (SELECT count(*) FROM reliable_mq.alert_raise)"), "raised");
    }

    [Fact]
    public async Task Those_of_one_exception_are_replayed_at_their_rate_while_traffic_runs_and_the_others_stay()
    {
        const int count = 60;
        await using var world = await World.CreateAsync();
        var mended = false;
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "", before: (message, _) =>
            mended || message.Number >= 1000 ? Task.CompletedTask
            : message.Number % 3 == 0 ? throw new TimeoutException("too slow") : throw new InvalidOperationException("broken")));
        await service.SaveAsync([.. Enumerable.Range(0, count).Select(number => new Numbered(number))]);
        await Eventually.EqualAsync(count, async () => await service.DeadLetters.ListAsync().CountAsync(), "dead letters");
        mended = true;

        var replay = (await service.DeadLetters.ReplayAsync(new DeadLetterFilter { ExceptionType = "System.InvalidOperationException", Text = "BROK" }, "maria", new ReplayManyOptions { PerSecond = 20 })).Single();
        await service.SaveAsync([.. Enumerable.Range(1000, 50).Select(number => new Numbered(number))]);

        var expected = Enumerable.Range(0, count).Where(number => number % 3 != 0).Concat(Enumerable.Range(1000, 50));
        await Eventually.EqualAsync(expected, world.EffectsAsync, "effects");
        await Eventually.TrueAsync(async () => (await service.DeadLetters.ListReplaysAsync()).Single() is { FinishedAt: not null }, "the replay is through");
        (await service.DeadLetters.ListReplaysAsync()).Single().ShouldSatisfyAllConditions(
            through => through.Id.ShouldBe(replay.Id), through => through.Replayed.ShouldBe(40), through => through.Refused.ShouldBe(0), through => through.Who.ShouldBe("maria"));
        (await service.DeadLetters.ListAsync().CountAsync()).ShouldBe(20);
        (await world.Database.ScalarAsync<bool>("SELECT max(replayed_at) - min(replayed_at) >= interval '0.9 s' FROM reliable_mq.dead_letter")).ShouldBeTrue("two batches of 20, a second apart");
    }

    [Fact]
    public async Task A_replay_goes_on_where_a_killed_process_left_it()
    {
        var (count, perSecond) = Runs.Long((10_000, 500), (300, 50));
        const int others = 10, traffic = 1_000_000;
        await using var world = await World.CreateAsync();
        await using (var broken = await world.StartAsync(setup => setup.HandleNumbered(retry: "", before: (message, _) =>
            throw (message.Number < 0 ? new NotSupportedException("another matter") : new InvalidOperationException("broken")))))
        {
            await broken.SaveAsync([.. Enumerable.Range(-others, others + count).Select(number => new Numbered(number))]);
            await Eventually.EqualAsync((long)(others + count), () => world.CountAsync("dead_letter"), "dead letters", TimeSpan.FromMinutes(5));
        }

        await using var sender = await world.StartAsync();
        using var enough = new CancellationTokenSource();
        var sending = SendAsync(sender, traffic, enough.Token);
        await using (var killed = world.StartProcess(Worker.Replay, perSecond))
        {
            await Eventually.TrueAsync(async () => await world.Database.ScalarAsync<long>("SELECT coalesce(sum(replayed), 0)::bigint FROM reliable_mq.replay") >= count / 3, "a third is replayed", TimeSpan.FromMinutes(3));
            killed.Kill();
        }

        await using var successor = await world.StartAsync(setup => setup.HandleNumbered());

        await Eventually.EqualAsync([$"{count} 0 true"], async () => await world.Database.QueryAsync<string>("SELECT replayed || ' ' || refused || ' ' || (finished_at IS NOT NULL) FROM reliable_mq.replay"), "the replay", TimeSpan.FromMinutes(3));
        await enough.CancelAsync();
        var sent = await sending;
        await Eventually.EqualAsync((long)(count + sent), () => world.CountAsync("inbox"), "handled messages", TimeSpan.FromMinutes(3));
        await Eventually.TrueAsync(async () => (await world.Broker.QueueCountsAsync("tests.numbers.dead")) is { Ready: 0, Unacked: 0 }, "the copies of the dead letters are merged");
        await world.ShouldHaveSettledAllAsync(successor, "tests.numbers", "tests.numbers.dead");
        (await world.EffectsAsync()).ShouldBe([.. Enumerable.Range(0, count), .. Enumerable.Range(traffic, sent)]);
        (await world.Database.QueryAsync<string>("SELECT state || ' ' || count(*) FROM reliable_mq.failure GROUP BY state")).ShouldBe([$"dead {others}"]);
        sent.ShouldBeGreaterThan(0);
    }

    /// <summary>Traffic of every day.</summary>
    private static async Task<int> SendAsync(TestService service, int first, CancellationToken enough)
    {
        var sent = 0;
        for (; !enough.IsCancellationRequested; sent++)
        {
            await service.SaveAsync(new Numbered(first + sent));
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, enough).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return sent;
    }

    [Fact]
    public async Task Of_several_lives_of_one_message_the_last_is_replayed()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        for (var epoch = 0; epoch < 2; epoch++)
        {
            await world.Broker.PublishAsync("", "tests.numbers.dead", """{"number":1}""", new BasicProperties
            {
                MessageId = "m-1", Type = "tests.numbered.v1", Headers = new Dictionary<string, object?> { ["x-reliable-mq-epoch"] = epoch },
            });
            var letters = epoch + 1L;
            await Eventually.EqualAsync(letters, () => world.CountAsync("dead_letter"), "dead letters");
        }

        await service.DeadLetters.ReplayAsync(new DeadLetterFilter(), "maria");

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        (await world.Database.QueryAsync<int>("SELECT epoch FROM reliable_mq.dead_letter WHERE replayed_at IS NOT NULL")).ShouldBe([1]);
    }

    [Fact]
    public async Task A_replay_goes_on_as_soon_as_its_database_can_be_reached()
    {
        await using var world = await World.CreateAsync();
        await using (var declaring = await world.StartAsync(setup => setup.HandleNumbered()))
        {
            await declaring.ConsumingAsync();
        }

        await BeginReplayAsync(world, "reliable_mq", "tests.numbers");
        await using var proxy = await TcpProxy.StartAsync("127.0.0.1", new NpgsqlConnectionStringBuilder(world.Database.ConnectionString).Port);
        proxy.Accepting = false;
        await using var service = await world.StartAsync(setup =>
        {
            setup.ConnectionString = world.Database.ConnectionStringThrough(proxy);
            setup.HandleNumbered();
            WithoutSchedule(setup);
        });

        proxy.Accepting = true;

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects", TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task A_replay_goes_on_while_the_database_of_another_inbox_is_away()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync("127.0.0.1", new NpgsqlConnectionStringBuilder(world.Database.ConnectionString).Port);
        await using var service = await world.StartAsync(setup =>
        {
            setup.AddSecond("second_mq", world.Database.ConnectionString);
            setup.Services += services => services.AddReliableMq().AddInbox<SecondDb>();
            setup.ConnectionString = world.Database.ConnectionStringThrough(proxy);
            setup.Handle<Numbered>("tests.first", (_, _, _) => Task.CompletedTask, inbox: typeof(TestDb));
            setup.Handlers.Add(new HandlerDefinition
            {
                Queue = "tests.second", MessageName = "tests.numbered.v1", MessageType = typeof(Numbered), HandlerName = "tests.second", Inbox = typeof(SecondDb),
                Invoke = (services, message, context) =>
                {
                    services.GetRequiredService<SecondDb>().Effects.Add(new Effect { Number = ((Numbered)message).Number, Note = context.MessageId });
                    return default;
                },
            });
            WithoutSchedule(setup);
        });
        await service.ConsumingAsync();
        proxy.Accepting = false;
        await proxy.CutAsync();

        await BeginReplayAsync(world, "second_mq", "tests.second");
        await service.Host.Services.GetServices<IScheduledWork>().Single(work => work.Name == "replay").RunOnceAsync(CancellationToken.None);

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects", TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task One_that_cannot_be_replayed_keeps_no_other_from_it()
    {
        await using var world = await World.CreateAsync();
        var mended = false;
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "", before: (_, _) => mended ? Task.CompletedTask : throw new InvalidOperationException("broken")));
        await service.ConsumingAsync();
        await world.Broker.PublishAsync("", "tests.numbers", """{"number":1}""", new BasicProperties
        {
            MessageId = "last epoch", Type = "tests.numbered.v1", Headers = new Dictionary<string, object?> { ["x-reliable-mq-epoch"] = int.MaxValue },
        });
        await world.Broker.PublishAsync("", "tests.numbers", """{"number":2}""", new BasicProperties { MessageId = "bad headers", Type = "tests.numbered.v1" });
        await world.Broker.PublishAsync("", "tests.numbers", """{"number":3}""", new BasicProperties { MessageId = "good", Type = "tests.numbered.v1" });
        await Eventually.EqualAsync(3, async () => await service.DeadLetters.ListAsync().CountAsync(), "dead letters");
        await world.Database.ExecuteAsync("UPDATE reliable_mq.dead_letter SET headers = '{' WHERE message_id = 'bad headers'");
        mended = true;

        await service.DeadLetters.ReplayAsync(new DeadLetterFilter { MessageId = "bad headers" }, "maria");
        await service.DeadLetters.ReplayAsync(new DeadLetterFilter { MessageId = "last epoch" }, "maria");
        await service.DeadLetters.ReplayAsync(new DeadLetterFilter { MessageId = "good" }, "maria");

        await Eventually.EqualAsync([3], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(["0 0 false", "0 1 true", "1 0 true"], async () => await world.Database.QueryAsync<string>(
            "SELECT replayed || ' ' || refused || ' ' || (finished_at IS NOT NULL) FROM reliable_mq.replay ORDER BY id"), "replays");
        service.Logs.Entries.ShouldContain(entry => entry.EventId.Id == 7006);
    }

    [Fact]
    public async Task A_copy_that_is_cancelled_on_its_way_can_be_replayed_again()
    {
        await using var world = await World.CreateAsync();
        var mended = false;
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "", before: (_, _) => mended ? Task.CompletedTask : throw new InvalidOperationException("broken")));
        await service.SaveAsync(new Numbered(1));
        var dead = await WaitForOneAsync(service);
        mended = true;
        await world.Database.ExecuteAsync("UPDATE reliable_mq.dead_letter SET replayed_at = clock_timestamp(); UPDATE reliable_mq.failure SET state = 'scheduled', epoch = 1, attempts = 0");
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.outbox (id, message_id, name, exchange, routing_key, content_type, headers, body, created_at, available_at)
            SELECT gen_random_uuid(), message_id, name, '', queue, content_type, '{"x-reliable-mq-epoch":1}', body, clock_timestamp(), clock_timestamp() + interval '1 hour' FROM reliable_mq.dead_letter
            """);

        (await service.Host.Services.GetRequiredService<IPendingMessages>().CancelAsync(new PendingMessageFilter { MessageId = dead.MessageId }, "maria")).ShouldBe(1);

        (await WaitForOneAsync(service)).Id.ShouldBe(dead.Id);
        await service.DeadLetters.ReplayAsync(dead.Id, "maria");
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task Who_cancels_an_older_copy_leaves_the_replay_that_is_on_its_way_alone()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "", before: (_, _) => throw new InvalidOperationException("broken")));
        await service.SaveAsync(new Numbered(1));
        var dead = await WaitForOneAsync(service);
        // Its scheduled retry was sent, but the confirm was lost; then it died, and its replay left.
        await world.Database.ExecuteAsync("UPDATE reliable_mq.dead_letter SET epoch = 1, replayed_at = clock_timestamp(); UPDATE reliable_mq.failure SET state = 'scheduled', epoch = 2, attempts = 0");
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.outbox (id, message_id, name, exchange, routing_key, content_type, headers, body, created_at, due_at, available_at)
            SELECT gen_random_uuid(), message_id, name, '', queue, content_type, '{"x-reliable-mq-epoch":1}', body, clock_timestamp(), clock_timestamp(), clock_timestamp() + interval '1 hour' FROM reliable_mq.dead_letter
            """);

        (await service.Host.Services.GetRequiredService<IPendingMessages>().CancelAsync(new PendingMessageFilter { MessageId = dead.MessageId }, "maria")).ShouldBe(1);

        (await world.Database.QueryAsync<string>("SELECT epoch || ' ' || (replayed_at IS NOT NULL) || ' ' || (discarded_at IS NULL) FROM reliable_mq.dead_letter")).ShouldBe(["1 true true"]);
        (await world.Database.QueryAsync<string>("SELECT epoch || ' ' || state FROM reliable_mq.failure")).ShouldBe(["2 scheduled"]);
    }

    [Fact]
    public async Task A_cancelled_replay_stays_where_it_is()
    {
        await using var world = await World.CreateAsync();
        var mended = false;
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "", before: (_, _) => mended ? Task.CompletedTask : throw new InvalidOperationException("broken")));
        await service.SaveAsync([.. Enumerable.Range(0, 10).Select(number => new Numbered(number))]);
        await Eventually.EqualAsync(10, async () => await service.DeadLetters.ListAsync().CountAsync(), "dead letters");
        mended = true;
        var replay = (await service.DeadLetters.ReplayAsync(new DeadLetterFilter(), "maria", new ReplayManyOptions { PerSecond = 1 })).Single();

        await service.DeadLetters.CancelReplayAsync(replay.Id, "joe");

        (await service.DeadLetters.ListReplaysAsync()).Single().ShouldSatisfyAllConditions(ended => ended.IsCancelled.ShouldBeTrue(), ended => ended.FinishedAt.ShouldNotBeNull(), ended => ended.Replayed.ShouldBeLessThan(10));
        (await Should.ThrowAsync<ReliableMqException>(() => service.DeadLetters.CancelReplayAsync(new ReplayId("TestDb", 99), "joe"))).Message.ShouldBe("There is no replay 99 of \"TestDb\". Look at the list.");
    }

    [Fact]
    public async Task Discarded_ones_are_kept_with_the_reason_and_can_be_replayed()
    {
        await using var world = await World.CreateAsync();
        var mended = false;
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "", before: (message, _) =>
            mended ? Task.CompletedTask : message.Number == 1 ? throw new TimeoutException("too slow") : throw new InvalidOperationException("broken")));
        await service.SaveAsync([.. Enumerable.Range(0, 3).Select(number => new Numbered(number))]);
        await Eventually.EqualAsync(3, async () => await service.DeadLetters.ListAsync().CountAsync(), "dead letters");

        (await service.DeadLetters.DiscardAsync(new DeadLetterFilter { ExceptionType = "System.InvalidOperationException" }, "maria", "Test orders.")).ShouldBe(2);

        (await service.DeadLetters.ListAsync().SingleAsync()).ExceptionType.ShouldBe("System.TimeoutException");
        var discarded = await service.DeadLetters.ListAsync(new DeadLetterFilter { State = DeadLetterState.Discarded }).ToListAsync();
        discarded.Select(dead => dead.Reason).ShouldBe(["Test orders. Before: broken", "Test orders. Before: broken"]);
        mended = true;
        await service.DeadLetters.ReplayAsync(discarded[0].Id, "maria");
        await Eventually.EqualAsync(1, async () => (await world.EffectsAsync()).Count(), "effects");
        (await service.DeadLetters.ListAsync(new DeadLetterFilter { State = null }).CountAsync()).ShouldBe(3, "in any state");

        await service.DeadLetters.ReplayAsync(new DeadLetterFilter { State = null }, "maria");

        await Eventually.EqualAsync([0, 1, 2], world.EffectsAsync, "effects of the discarded, of the waiting and of the replayed one");
        await Eventually.EqualAsync("2 0", async () => (await service.DeadLetters.ListReplaysAsync()).Select(replay => $"{replay.Replayed} {replay.Refused}").Single(), "what was replayed before is not part of it");
    }

    [Fact]
    public async Task Many_are_discarded_in_batches_that_look_at_each_once()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        // Of one time, so that the rest of the key decides where a batch goes on.
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.dead_letter (queue, message_id, epoch, name, exchange, routing_key, body, attempts, reason, dead_at)
            SELECT 'q', 'm' || number, number % 2, 'n', '', '', ''::bytea, 1, 'broken', '2020-01-01' FROM generate_series(1, 450) AS number;
            INSERT INTO reliable_mq.dead_letter (queue, message_id, epoch, name, exchange, routing_key, body, attempts, reason, dead_at)
            VALUES ('q', 'later', 0, 'n', '', '', ''::bytea, 1, 'broken', clock_timestamp() + interval '1 hour')
            """);

        (await service.DeadLetters.DiscardAsync(new DeadLetterFilter { Text = "BROKEN" }, "maria", "Old.")).ShouldBe(450);

        (await service.DeadLetters.ListAsync().SingleAsync()).MessageId.ShouldBe("later");
        (await world.Database.QueryAsync<string>("SELECT details FROM reliable_mq.audit ORDER BY id")).ShouldBe(["200: Old.", "200: Old.", "50: Old."]);
        (await world.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.failure WHERE state = 'discarded'")).ShouldBe(450);
    }

    [Fact]
    public async Task Large_ones_are_read_and_replayed_a_few_at_a_time()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: ""));
        await service.ConsumingAsync();
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.dead_letter (queue, message_id, epoch, name, exchange, routing_key, content_type, body, attempts, reason)
            SELECT 'tests.numbers', 'm' || number, 0, 'tests.numbered.v1', 'tests', 'tests.numbered.v1', 'application/json',
                   convert_to('{"number":' || number || ',"text":"' || repeat('x', 7000000) || '"}', 'UTF8'), 1, 'broken' FROM generate_series(1, 5) AS number
            """);

        var (page, next) = await new DeadLetterTable(service.Host.Services.GetRequiredService<ServiceDatabases>().All.Single()).ReadPageAsync(new(), DeadLetterPosition.Start, 200, CancellationToken.None);
        (page.Count, next is not null).ShouldBe((3, true), "no more than 16 MiB are begun with them");
        (await service.DeadLetters.ListAsync().CountAsync()).ShouldBe(5);

        await service.DeadLetters.ReplayAsync(new DeadLetterFilter(), "maria", new ReplayManyOptions { PerSecond = 10_000 });

        await Eventually.EqualAsync([1, 2, 3, 4, 5], world.EffectsAsync, "effects");
        (await world.Database.ScalarAsync<long>("SELECT count(DISTINCT xmin::text) FROM reliable_mq.dead_letter")).ShouldBe(2, "16 MiB are begun with 3 of them");
        (await service.DeadLetters.ListReplaysAsync()).Single().ShouldSatisfyAllConditions(through => through.Replayed.ShouldBe(5), through => through.FinishedAt.ShouldNotBeNull());
    }

    [Fact]
    public async Task An_export_has_a_line_of_json_for_each()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "", before: (_, _) => throw new InvalidOperationException("broken")));
        await service.SaveAsync(new Numbered(1), new Numbered(2));
        await Eventually.EqualAsync(2, async () => await service.DeadLetters.ListAsync().CountAsync(), "dead letters");
        using var file = new MemoryStream();

        (await service.DeadLetters.ExportAsync(null, file)).ShouldBe(2);

        var lines = Encoding.UTF8.GetString(file.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        lines.Select(line => line.GetProperty("reason").GetString()).ShouldBe(["broken", "broken"]);
        lines.Select(line => JsonDocument.Parse(line.GetProperty("body").GetBytesFromBase64()).RootElement.GetProperty("number").GetInt32()).Order().ShouldBe([1, 2]);
    }

    [Fact]
    public async Task What_cannot_be_asked_for_is_told()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());

        (await Should.ThrowAsync<ReliableMqException>(() => service.DeadLetters.ReplayAsync(new DeadLetterFilter(), "maria", new ReplayManyOptions { PerSecond = 0 }))).Message
            .ShouldBe("PerSecond is 0. Use 1 to 10000.");
        (await Should.ThrowAsync<ReliableMqException>(() => service.DeadLetters.ReplayAsync(new DeadLetterFilter { State = DeadLetterState.Replayed }, "maria"))).Message
            .ShouldBe("State is Replayed, but what was replayed cannot be replayed again. Choose those that wait or were discarded; one that died again is among them.");
        (await Should.ThrowAsync<ReliableMqException>(() => service.DeadLetters.DiscardAsync(new DeadLetterFilter { State = DeadLetterState.Discarded }, "maria", "x"))).Message
            .ShouldBe("State is Discarded, but only what waits can be discarded. Leave it out.");
        (await Should.ThrowAsync<ReliableMqException>(() => service.DeadLetters.DiscardAsync(new DeadLetterFilter { State = null }, "maria", "x"))).Message
            .ShouldBe("State is null (any), but only what waits can be discarded. Leave it out.");
        await Should.ThrowAsync<ArgumentException>(() => service.DeadLetters.DiscardAsync(new DeadLetterFilter(), "maria", " "));
        await Should.ThrowAsync<ArgumentException>(() => service.DeadLetters.ReplayAsync(new DeadLetterFilter(), ""));
    }

    /// <summary>As another process did that has died.</summary>
    private static Task BeginReplayAsync(World world, string schema, string queue) => world.Database.ExecuteAsync(
        $$"""
        INSERT INTO {{schema}}.dead_letter (queue, message_id, epoch, name, exchange, routing_key, content_type, body, attempts, reason)
        VALUES ('{{queue}}', 'm-1', 0, 'tests.numbered.v1', 'tests', 'tests.numbered.v1', 'application/json', '{"number":1}', 1, 'broken');
        INSERT INTO {{schema}}.replay (filter, per_second, beyond_horizon, requested_by) VALUES ('{"state":"Waiting"}', 10, false, 'maria')
        """);

    /// <summary>So that nothing is found only because it was looked for again.</summary>
    private static void WithoutSchedule(TestServiceSetup setup) =>
        setup.Services += services => services.AddReliableMq().UseScheduler((_, _) => throw new SchedulerException("There is none."));

    private static async Task<DeadLetter> WaitForOneAsync(TestService service)
    {
        await Eventually.TrueAsync(async () => await service.DeadLetters.ListAsync().AnyAsync(), "a dead letter");
        return await service.DeadLetters.ListAsync().SingleAsync();
    }
}
