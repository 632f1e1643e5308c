using System.Collections.Concurrent;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Failing;

/// <summary>RabbitMQ 4.3 keeps returned deliveries back by itself; older ones do not, and then they are held.</summary>
public class Delays_by_the_broker
{
    private const string Queue = "tests.numbers";

    private readonly ConcurrentQueue<(int Number, int Attempt)> _handled = [];

    private readonly ConcurrentQueue<long> _began = [];

    private IEnumerable<(int Number, int Attempt)> Handled => _handled;

    [Fact]
    public async Task What_the_broker_delays_takes_no_room_from_others()
    {
        await using var world = await WorldAsync(delays: true);
        await using var service = await StartAsync(world, "12s", prefetch: 1);
        await PublishAsync(world, 1, 2, 3);

        await Eventually.EqualAsync([1, 2, 3], world.EffectsAsync, "effects");
        Handled.ShouldBe([(1, 1), (2, 1), (3, 1), (1, 2)], "with a prefetch of one, a held delivery would have kept the others out");
        (await world.CountAsync("failure")).ShouldBe(0);
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 4014 || entry.EventId.Id == 4015);
        await ReportAsync(service, report => report.ShouldNotContain("DelayedRetry"));
        await world.ShouldHaveSettledAllAsync(service, Queue);
    }

    [Fact]
    public async Task An_attempt_does_not_begin_before_its_time_though_the_broker_delays_for_less()
    {
        await using var world = await WorldAsync(delays: true);
        await using var service = await StartAsync(world, "7s", prefetch: 1);
        await PublishAsync(world, 1);

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        Handled.ShouldBe([(1, 1), (1, 2)]);
        TimeProvider.System.GetElapsedTime(_began.First(), _began.Last()).ShouldBeGreaterThan(TimeSpan.FromSeconds(6.9));
        // After 1, 2 and 3 seconds more, and then it was held for the last; a slow machine adds to each.
        service.Logs.Entries.Count(entry => entry.EventId.Id == 5001).ShouldBeInRange(1, 3, "it came back early, each time later");
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 4015);
        await world.ShouldHaveSettledAllAsync(service, Queue);
    }

    [Fact]
    public async Task A_queue_that_exists_without_them_is_told_and_its_deliveries_are_held_and_never_spin()
    {
        await using var world = await WorldAsync(delays: true);
        await using (var before = await world.StartAsync(setup => setup.HandleNumbered()))
        {
            await before.ConsumingAsync();
        }

        await using var service = await StartAsync(world, "3s, 3s", prefetch: 4, fails: context => context.Attempt < 3);
        await PublishAsync(world, 1);

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        Handled.ShouldBe([(1, 1), (1, 2), (1, 3)]);
        service.Logs.Entries.Count(entry => entry.EventId.Id == 4015).ShouldBe(1);
        service.Logs.Entries.Count(entry => entry.EventId.Id == 5001).ShouldBe(1, "only once it came back early");
        await ReportAsync(service, report => report.ShouldContain("x-delayed-retry-"));
    }

    [Fact]
    public async Task An_older_broker_is_told_of_and_its_deliveries_are_held()
    {
        await using var world = await WorldAsync(delays: false);
        await using var service = await StartAsync(world, "1s", prefetch: 4);
        await PublishAsync(world, 1, 2);

        await Eventually.EqualAsync([1, 2], world.EffectsAsync, "effects");
        _handled.Where(one => one.Number == 1).ShouldBe([(1, 1), (1, 2)]);
        var version = await VersionAsync(world);
        service.Logs.Entries.Single(entry => entry.EventId.Id == 4014).Message.ShouldBe(
            $"The DelayedRetry of \"{Queue}\" is not in force: it needs RabbitMQ 4.3, and this is {version}. Deliveries are held in the process instead.");
        await ReportAsync(service, report => report.ShouldContain(
            $"The DelayedRetry of the queue \"{Queue}\" is not in force: it needs RabbitMQ 4.3, and this is {version}. Deliveries are held in the process instead."));
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 5001, "it did not come back early");
        await world.ShouldHaveSettledAllAsync(service, Queue);
    }

    [Fact]
    public async Task What_a_stopping_service_gives_back_is_for_the_next_one_at_once()
    {
        await using var world = await WorldAsync(delays: true);
        var gate = new Gate("handler");
        var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered(concurrency: 1, before: (_, _) => gate.PassAsync());
            setup.Settings[$"Queues:{Queue}:DelayedRetry"] = "30s..30s";
        });
        await service.ConsumingAsync();
        await PublishAsync(world, 1, 2);
        await gate.WaitForCallersAsync();
        var stopping = service.StopAsync();
        gate.Open();
        await stopping;

        (await world.ReadyAsync(Queue)).ShouldBe(1u);
        (await world.Broker.GetAsync(Queue)).ShouldNotBeNull("it is not kept back");
        await service.DisposeAsync();
    }

    [Fact]
    public async Task Without_a_database_the_broker_delays_too()
    {
        await using var world = await WorldAsync(delays: true);
        await using var service = await world.StartAsync(setup =>
        {
            setup.Contexts = false;
            setup.Handlers.Add(new HandlerDefinition
            {
                Queue = Queue, Inbox = typeof(NoInbox), MessageName = "tests.numbered.v1", MessageType = typeof(Numbered), HandlerName = "tests", Retry = "12s", Prefetch = 1,
                Invoke = (_, message, context) =>
                {
                    _handled.Enqueue((((Numbered)message).Number, context.Attempt));
                    return ((Numbered)message).Number == 1 && context.Attempt == 1 ? throw new InvalidOperationException("once") : ValueTask.CompletedTask;
                },
            });
            setup.Settings[$"Queues:{Queue}:DelayedRetry"] = "1s..10s";
        });
        await service.ConsumingAsync();
        await PublishAsync(world, 1, 2, 3);

        await Eventually.EqualAsync([(1, 1), (2, 1), (3, 1), (1, 2)], () => Handled, "handled");
    }

    private Task<TestService> StartAsync(World world, string retry, int prefetch, Func<MessageContext, bool>? fails = null) => StartedAsync(world.StartAsync(setup =>
    {
        setup.Handle<Numbered>(Queue, (message, db, context) =>
        {
            _began.Enqueue(TimeProvider.System.GetTimestamp());
            _handled.Enqueue((message.Number, context.Attempt));
            db.Effects.Add(new Effect { Number = message.Number });
            return message.Number == 1 && (fails?.Invoke(context) ?? context.Attempt == 1) ? throw new InvalidOperationException("not yet") : Task.CompletedTask;
        }, retry, prefetch: prefetch, concurrency: 1);
        setup.Settings[$"Queues:{Queue}:DelayedRetry"] = "1s..10s";
    }));

    private static async Task<TestService> StartedAsync(Task<TestService> starting)
    {
        var service = await starting;
        await service.ConsumingAsync();
        return service;
    }

    private static async Task ReportAsync(TestService service, Action<string> look)
    {
        var check = await Eventually.FoundAsync(async () =>
            (await service.HealthAsync()).Entries["reliable-mq-topology"] is { Description: not "Not checked yet." } checkedOnce ? checkedOnce.Description : null, "the topology's health");
        look(check!);
    }

    private static async Task PublishAsync(World world, params int[] numbers)
    {
        foreach (var number in numbers)
        {
            await world.Broker.PublishAsync("", Queue, $$"""{"number":{{number}}}""", new BasicProperties { MessageId = $"m-{number}", Type = "tests.numbered.v1" });
        }
    }

    private static async Task<World> WorldAsync(bool delays)
    {
        var world = await World.CreateAsync();
        if ((await VersionAsync(world)).DelaysReturns != delays)
        {
            await world.DisposeAsync();
            Assert.Skip(delays ? "Only RabbitMQ 4.3 delays by itself." : "RabbitMQ 4.3 delays by itself.");
        }

        return world;
    }

    private static async Task<BrokerVersion> VersionAsync(World world)
    {
        await using var connection = await world.Broker.OpenConnectionAsync();
        return BrokerVersion.Of(connection);
    }
}
