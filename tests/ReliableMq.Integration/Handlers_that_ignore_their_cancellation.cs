using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Npgsql;
using ReliableMq.Integration.Ordering;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>
/// A handler that goes on past its timeout is left behind: it blocks nobody, its attempt counts, and whatever it does later
/// is not committed. Message 1 is handled by one that goes on until the test says so, once.
/// </summary>
public sealed class Handlers_that_ignore_their_cancellation : IDisposable
{
    private readonly ManualResetEventSlim _thread = new();
    private readonly Gate _task = new("a handler that goes on");
    private readonly Signal _released = new("the handler has returned");
    private readonly ConcurrentQueue<(int Number, int Attempt)> _started = [];

    public enum Waits
    {
        /// <summary>For a task that does not complete.</summary>
        ForATask,

        /// <summary>In a call that blocks its thread.</summary>
        OnItsThread,
    }

    [Theory]
    [InlineData(Waits.ForATask)]
    [InlineData(Waits.OnItsThread)]
    public async Task On_a_context_the_next_messages_are_handled_and_it_is_tried_again(Waits waits)
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Handle<Numbered>("tests.numbers", async (message, db, context) =>
        {
            db.Effects.Add(new Effect { Number = message.Number, Note = $"{context.Attempt}" });
            await db.SaveChangesAsync(context.CancellationToken);
            db.AddMessage(new Followed(message.Number));
            await GoOnAsync(waits, message, context);
        }, concurrency: 1, timeout: "300ms"));

        await ShouldGoOnAsync(world, service, "tests.numbers");

        (await world.Database.QueryAsync<string>("SELECT \"Number\" || ' ' || \"Note\" FROM \"Effects\" ORDER BY 1")).ShouldBe(["1 2", "2 1"]);
        _started.ShouldBe([(1, 1), (1, 2), (2, 1)], ignoreOrder: true);
    }

    [Fact]
    public async Task On_a_data_source_the_next_messages_are_handled_and_it_is_tried_again()
    {
        await using var world = await World.CreateAsync();
        await using var source = NpgsqlDataSource.Create(world.Database.ConnectionString);
        await using var service = await world.StartAsync(setup =>
        {
            setup.Services += services => services.AddReliableMq().AddInbox(source);
            setup.Handlers.Add(new HandlerDefinition
            {
                Queue = "tests.source", MessageName = "tests.numbered.v1", MessageType = typeof(Numbered), HandlerName = "tests.source", Inbox = typeof(NpgsqlDataSource),
                Retry = "100ms", Timeout = "300ms", Concurrency = 1,
                Invoke = async (_, message, context) =>
                {
                    await using var command = new NpgsqlCommand($"INSERT INTO \"Effects\" (\"Number\", \"Note\") VALUES ({((Numbered)message).Number}, '{context.Attempt}')", context.Transaction!.Connection, context.Transaction);
                    await command.ExecuteNonQueryAsync(context.CancellationToken);
                    await GoOnAsync(Waits.OnItsThread, (Numbered)message, context);
                },
            });
        });

        await ShouldGoOnAsync(world, service, "tests.source");

        (await world.Database.QueryAsync<string>("SELECT \"Number\" || ' ' || \"Note\" FROM \"Effects\" ORDER BY 1")).ShouldBe(["1 2", "2 1"]);
    }

    [Fact]
    public async Task A_batch_is_left_behind_and_each_of_its_messages_handled_by_itself()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleMany<Numbered>("tests.numbers", async (messages, db, contexts) =>
            {
                db.Effects.AddRange(messages.Select(message => new Effect { Number = message.Number }));
                await db.SaveChangesAsync(contexts[0].CancellationToken);
                // They have no order.
                await GoOnAsync(Waits.ForATask, messages.MinBy(message => message.Number)!, contexts[0]);
            }, batchSize: 2, linger: "30s", concurrency: 1);
            setup.Settings["Queues:tests.numbers:Timeout"] = "300ms";
        });

        await ShouldGoOnAsync(world, service, "tests.numbers", failures: 0);

        (await world.EffectsAsync()).ShouldBe([1, 2]);
    }

    [Fact]
    public async Task In_an_ordered_queue_its_turn_is_passed_on_and_what_follows_waits_for_its_success()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleInOrder(QueueOrder.ByKey, retry: "100ms", before: (message, context) => GoOnAsync(Waits.OnItsThread, message, context));
            setup.Settings[$"Queues:{OrderedQueue.Name}:Timeout"] = "300ms";
            setup.Settings[$"Queues:{OrderedQueue.Name}:Concurrency"] = "1";
        });
        await service.ConsumingAsync();
        await service.UseAsync(async db =>
        {
            db.AddMessage(new Numbered(1), new MessageOptions { OrderingKey = "a" });
            db.AddMessage(new Numbered(2), new MessageOptions { OrderingKey = "a" });
            db.AddMessage(new Numbered(3), new MessageOptions { OrderingKey = "b" });
            await db.SaveChangesAsync();
        });

        await Eventually.EqualAsync(3L, () => world.CountAsync("inbox"), "handled messages");
        await ReleaseAsync(service);

        var order = await world.Database.QueryAsync<int>("SELECT \"Number\" FROM \"Effects\" ORDER BY \"Id\"");
        order.Order().ShouldBe([1, 2, 3]);
        order.IndexOf(1).ShouldBeLessThan(order.IndexOf(2));
        await world.ShouldHaveSettledAllAsync(service, OrderedQueue.Name);
    }

    [Fact]
    public async Task Without_a_database_a_copy_with_the_next_attempt_goes_out_once()
    {
        await using var world = await World.CreateAsync();
        var done = new ConcurrentQueue<(int, int)>();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleWithoutInbox<Numbered>("tests.numbers", async (message, context) =>
            {
                await GoOnAsync(Waits.OnItsThread, message, context);
                done.Enqueue((message.Number, context.Attempt));
            }, retry: "100ms", timeout: "300ms");
            setup.Settings["Queues:tests.numbers:Concurrency"] = "1";
        });
        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(1));
        await Eventually.TrueAsync(() => !_started.IsEmpty, "it runs");
        await service.SaveAsync(new Numbered(2));

        await Eventually.EqualAsync([(1, 2), (2, 1)], () => done.Order().ToArray(), "handled messages");
        await ReleaseAsync(service);

        // What it has done elsewhere nobody can take back.
        done.Order().ShouldBe([(1, 1), (1, 2), (2, 1)]);
        ShouldNotHaveLostItsChannel(service);
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers");
    }

    [Fact]
    public async Task The_reason_says_so_where_no_attempt_is_left()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Handle<Numbered>("tests.numbers",
            (message, _, context) => GoOnAsync(Waits.ForATask, message, context), retry: "", concurrency: 1, timeout: "300ms"));
        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(1));

        await Eventually.EqualAsync(
            ["The handler took longer than the queue's timeout of 0.3 seconds. The handler went on after it was cancelled. It was left behind, and what it still does is not committed. Pass the CancellationToken of the MessageContext on to whatever it waits for."],
            () => world.Database.QueryAsync<string>("SELECT reason FROM reliable_mq.dead_letter"), "dead letters");
        await ReleaseAsync(service);

        (await world.CountAsync("inbox")).ShouldBe(0);
    }

    [Fact]
    public async Task It_counts_no_attempt_and_holds_up_no_host_that_stops()
    {
        await using var world = await World.CreateAsync();
        var service = await world.StartAsync(setup =>
        {
            setup.Services = services => services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
            setup.Handle<Numbered>("tests.numbers", async (message, db, context) =>
            {
                db.Effects.Add(new Effect { Number = message.Number });
                await db.SaveChangesAsync(context.CancellationToken);
                await GoOnAsync(Waits.OnItsThread, message, context);
            }, concurrency: 1, timeout: "5m");
        });
        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(1));
        await Eventually.TrueAsync(() => !_started.IsEmpty, "it runs");

        await service.StopAsync().WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);

        await Eventually.EqualAsync(1u, () => world.ReadyAsync("tests.numbers"), "messages back in the queue");
        (await world.CountAsync("failure")).ShouldBe(0);
        await ReleaseAsync(service);
        (await world.EffectsAsync()).ShouldBeEmpty();
        await service.DisposeAsync();
    }

    [Fact]
    public async Task Beyond_a_number_of_them_they_keep_their_places_until_they_end()
    {
        // A quarter of the connections that a test has.
        const int most = 5, places = 4, count = 30;
        await using var world = await World.CreateAsync();
        var gate = new Gate("handlers that go on");
        await using var service = await world.StartAsync(setup => setup.Handle<Numbered>("tests.numbers", (_, _, _) => gate.PassAsync(), retry: "", concurrency: places, timeout: "2s"));
        await service.ConsumingAsync();

        await service.SaveAsync([.. Enumerable.Range(0, count).Select(number => new Numbered(number))]);

        await Eventually.EqualAsync((most, places), () => (service.Logs.Entries.Count(entry => entry.EventId.Id == 5030), service.Logs.Entries.Count(entry => entry.EventId.Id == 5032)),
            "those that are left behind, and those that keep their places", TimeSpan.FromMinutes(3));
        gate.Waiting.ShouldBe(most + places);
        var health = (await service.HealthAsync()).Entries["reliable-mq-consumers"];
        (health.Status, health.Description).ShouldBe((HealthStatus.Unhealthy, "5 handler(s) went on after they were cancelled and still run, and 4 more keep their places. Restart the process."));
        gate.Open();

        // What kept its place has taken too long, and still counts as that.
        await Eventually.EqualAsync((long)count, async () => await world.CountAsync("dead_letter") + await world.CountAsync("inbox"), "all messages");
        (await world.CountAsync("dead_letter")).ShouldBeGreaterThanOrEqualTo(most + places);
        await Eventually.EqualAsync(HealthStatus.Healthy, async () => (await service.HealthAsync()).Entries["reliable-mq-consumers"].Status, "health");
    }

    private async Task GoOnAsync(Waits waits, Numbered message, MessageContext context)
    {
        _started.Enqueue((message.Number, context.Attempt));
        if (message.Number != 1 || _started.Count(start => start.Number == 1) > 1)
        {
            return;
        }

        if (waits == Waits.OnItsThread)
        {
            _thread.Wait(CancellationToken.None);
        }
        else
        {
            await _task.PassAsync(CancellationToken.None);
        }

        _released.Set();
    }

    /// <summary>Sends two messages, of which the first goes on, and sees both handled while it does and nothing change when it ends.</summary>
    private async Task ShouldGoOnAsync(World world, TestService service, string queue, int failures = 1)
    {
        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(1), new Numbered(2));

        await Eventually.EqualAsync(2L, () => world.CountAsync("inbox"), "handled messages");
        _released.IsSet.ShouldBeFalse();
        (await service.HealthAsync()).Entries["reliable-mq-consumers"].Description.ShouldBe("1 handler(s) went on after they were cancelled and still run. Restart the process.");
        service.Logs.Entries.Count(entry => entry.EventId.Id == 6001).ShouldBe(failures, "attempts that were counted");
        await ReleaseAsync(service);

        ShouldNotHaveLostItsChannel(service);
        await world.ShouldHaveSettledAllAsync(service, queue);
        (await world.CountAsync("inbox")).ShouldBe(2);
        (await world.CountAsync("dead_letter")).ShouldBe(0);
        (await world.CountAsync("started")).ShouldBe(0);
    }

    private async Task ReleaseAsync(TestService service)
    {
        service.Logs.Entries.Count(entry => entry.EventId.Id == 5030).ShouldBe(1);
        _task.Open();
        _thread.Set();
        await _released.WaitAsync();
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 5031), "its end is told");
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 5033);
    }

    /// <summary>As it does when a delivery is settled twice.</summary>
    private static void ShouldNotHaveLostItsChannel(TestService service) => service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 4002);

    public void Dispose()
    {
        _thread.Set();
        _task.Open();
    }
}
