using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Consuming;

public class Changing_consumers_while_they_run
{
    private const string Queue = "tests.numbers";

    [Fact]
    public async Task A_paused_queue_finishes_what_runs_and_gives_back_what_waits_uncounted()
    {
        await using var world = await World.CreateAsync();
        var gate = new Gate("handler");
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(concurrency: 2, before: (_, _) => gate.PassAsync()));
        await service.ConsumingAsync();
        await service.SaveAsync(Numbers(0, 10));
        await gate.WaitForCallersAsync(2);
        Of(service).Handling.ShouldBe(2);

        await ConsumersOf(service).PauseAsync(Queue, "maria", lasting: false);

        await Eventually.EqualAsync(8u, () => world.ReadyAsync(Queue), "messages given back");
        var paused = await Eventually.FoundAsync(() => Task.FromResult(Of(service) is { IsConsuming: false } info ? info : null), "the pause");
        paused.PausedSince.ShouldNotBeNull();
        paused.Description.ShouldBe($"paused by an operator since {paused.PausedSince:u}");
        paused.Handling.ShouldBe(2, "what runs goes on");
        var health = (await service.HealthAsync()).Entries["reliable-mq-consumers"];
        health.Status.ShouldBe(HealthStatus.Degraded);
        health.Description.ShouldBe($"\"{Queue}\": {paused.Description}");

        gate.Open();
        await Eventually.EqualAsync(2, async () => (await world.EffectsAsync()).Count(), "effects of what ran");
        await service.SaveAsync(Numbers(10, 2));
        await Eventually.EqualAsync(10u, () => world.ReadyAsync(Queue), "messages that wait");

        await ConsumersOf(service).ResumeAsync(Queue, "maria");

        await Eventually.EqualAsync(Enumerable.Range(0, 12), world.EffectsAsync, "effects");
        (await world.CountAsync("failure")).ShouldBe(0);
        await Eventually.EqualAsync(HealthStatus.Healthy, async () => (await service.HealthAsync()).Entries["reliable-mq-consumers"].Status, "health");
        Of(service).PausedSince.ShouldBeNull();
        await world.ShouldHaveSettledAllAsync(service, Queue);
    }

    [Fact]
    public async Task A_queue_resumes_though_a_handler_from_before_the_pause_still_runs()
    {
        await using var world = await World.CreateAsync();
        var gate = new Gate("slow handler");
        await using var service = await world.StartAsync(setup =>
            setup.HandleNumbered(concurrency: 2, before: (message, _) => message.Number == 0 ? gate.PassAsync() : Task.CompletedTask));
        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(0));
        await gate.WaitForCallersAsync();

        await ConsumersOf(service).PauseAsync(Queue, "maria", lasting: false);
        await ConsumersOf(service).ResumeAsync(Queue, "maria");
        await service.SaveAsync(Numbers(1, 20));

        await Eventually.EqualAsync(Enumerable.Range(1, 20), world.EffectsAsync, "effects of the others");
        gate.Open();
        await Eventually.EqualAsync(Enumerable.Range(0, 21), world.EffectsAsync, "effects");
        await world.ShouldHaveSettledAllAsync(service, Queue);
    }

    [Fact]
    public async Task Dead_letters_of_a_paused_queue_are_still_stored()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        await ConsumersOf(service).PauseAsync(Queue, "maria", lasting: false);

        await world.Broker.PublishAsync("", Queue + ".dead", "{}", new() { MessageId = "dead-1" });

        await Eventually.EqualAsync(1, () => world.CountAsync("dead_letter"), "dead letters");
    }

    [Fact]
    public async Task Another_process_follows_within_seconds_and_one_that_only_asks_need_not_consume()
    {
        await using var world = await World.CreateAsync();
        await using var dashboard = await world.StartAsync();
        await using var one = await world.StartAsync(setup => setup.HandleNumbered());
        await using var other = await world.StartAsync(setup => setup.HandleNumbered());
        await one.ConsumingAsync();
        await other.ConsumingAsync();

        await ConsumersOf(dashboard).PauseAsync(Queue, "maria", lasting: false);
        await ConsumersOf(dashboard).ChangeAsync(Queue, "maria", concurrency: 3, prefetch: 7, lasting: false);

        foreach (var service in new[] { one, other })
        {
            await Eventually.EqualAsync((true, 3, 7), () => (Of(service).PausedSince is not null, Of(service).Concurrency, Of(service).Prefetch), "what both go by");
        }

        await ConsumersOf(one).ResetAsync(Queue, "maria");
        Of(one).Concurrency.ShouldBe(8, "at once in the process that was asked");
        await ConsumersOf(other).ResumeAsync(Queue, "maria");
        await one.ConsumingAsync();
        await Eventually.EqualAsync((false, 8, 200), () => (Of(other).PausedSince is not null, Of(other).Concurrency, Of(other).Prefetch), "what the other goes by");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_change_survives_a_restart_if_asked(bool lasting)
    {
        await using var world = await World.CreateAsync();
        await using (var first = await world.StartAsync(setup => setup.HandleNumbered()))
        {
            await first.ConsumingAsync();
            await ConsumersOf(first).ChangeAsync(Queue, "maria", concurrency: 3, prefetch: null, lasting);
            await ConsumersOf(first).PauseAsync(Queue, "maria", lasting);
            await first.SaveAsync(new Numbered(1));
        }

        await using var second = await world.StartAsync(setup => setup.HandleNumbered());

        if (lasting)
        {
            await Eventually.TrueAsync(() => Of(second).PausedSince is not null, "the pause");
            Of(second).Concurrency.ShouldBe(3);
            second.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 4001 && entry.Message.Contains($"\"{Queue}\""), "a queue that is paused for good is not consumed before");
            await Eventually.EqualAsync(1u, () => world.ReadyAsync(Queue), "messages that wait");
        }
        else
        {
            await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
            Of(second).ShouldSatisfyAllConditions(info => info.PausedSince.ShouldBeNull(), info => info.Concurrency.ShouldBe(8));
        }
    }

    [Fact]
    public async Task A_pause_and_a_change_that_lasted_are_over_for_later_processes_once_they_were_ended()
    {
        await using var world = await World.CreateAsync();
        await using (var first = await world.StartAsync(setup => setup.HandleNumbered()))
        {
            await first.ConsumingAsync();
            await ConsumersOf(first).ChangeAsync(Queue, "maria", concurrency: 3, prefetch: null, lasting: true);
            await ConsumersOf(first).PauseAsync(Queue, "maria", lasting: true);
            await ConsumersOf(first).PauseAsync(Queue, "joe", lasting: false);
            await ConsumersOf(first).ResumeAsync(Queue, "maria");
            await ConsumersOf(first).ResetAsync(Queue, "maria");
            await first.SaveAsync(new Numbered(1));
            await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        }

        await using var second = await world.StartAsync(setup => setup.HandleNumbered());

        await second.ConsumingAsync();
        Of(second).ShouldSatisfyAllConditions(info => info.PausedSince.ShouldBeNull(), info => info.Concurrency.ShouldBe(8));
    }

    [Fact]
    public async Task Concurrency_changes_without_a_new_consumer()
    {
        await using var world = await World.CreateAsync();
        var gates = new ConcurrentDictionary<int, Gate>(Enumerable.Range(0, 30).Select(number => KeyValuePair.Create(number, new Gate($"handler {number}"))));
        int Running() => gates.Values.Sum(gate => gate.Waiting);
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(concurrency: 2, before: (message, _) => gates[message.Number].PassAsync()));
        await service.ConsumingAsync();
        await service.SaveAsync(Numbers(0, 30));
        await Eventually.EqualAsync(2, Running, "handlers that run");

        await ConsumersOf(service).ChangeAsync(Queue, "maria", concurrency: 5, prefetch: null, lasting: false);
        await Eventually.EqualAsync(5, Running, "handlers that run");

        await ConsumersOf(service).ChangeAsync(Queue, "maria", concurrency: 1, prefetch: null, lasting: false);
        Running().ShouldBe(5, "who runs is not disturbed");
        foreach (var gate in gates.Values.Where(gate => gate.Waiting == 1).ToList().Take(4))
        {
            gate.Open();
        }

        await Eventually.EqualAsync(4, async () => (await world.EffectsAsync()).Count(), "effects");
        await Consistently.EqualAsync(TimeSpan.FromSeconds(1), 1, () => Task.FromResult(Running()), "handlers that run");
        service.Logs.Entries.Count(entry => entry.EventId.Id == 4001 && entry.Message.Contains($"\"{Queue}\"")).ShouldBe(1, "sessions");
        foreach (var gate in gates.Values)
        {
            gate.Open();
        }

        await Eventually.EqualAsync(Enumerable.Range(0, 30), world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task Prefetch_changes_again_and_again_under_load_and_every_effect_comes_once()
    {
        const int count = 600;
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Handle<Numbered>(Queue, (message, db, _) =>
        {
            db.Effects.Add(new Effect { Number = message.Number });
            return Task.CompletedTask;
        }, concurrency: 4));
        await service.ConsumingAsync();
        await service.SaveAsync(Numbers(0, count));

        for (var change = 1; change <= 12; change++)
        {
            await ConsumersOf(service).ChangeAsync(Queue, "maria", concurrency: null, prefetch: change * 7 % 50, lasting: false);
            Of(service).Prefetch.ShouldBe(change * 7 % 50);
            var effects = (await world.EffectsAsync()).Count();
            await Eventually.TrueAsync(async () => (await world.EffectsAsync()).Count() > Math.Min(effects, count - 1), "handling goes on");
        }

        await Eventually.EqualAsync(count, async () => (await world.EffectsAsync()).Count(), "effects");
        (await world.EffectsAsync()).ShouldBe(Enumerable.Range(0, count));
        (await world.CountAsync("failure")).ShouldBe(0);
        service.Logs.Entries.Count(entry => entry.EventId.Id == 4001 && entry.Message.Contains($"\"{Queue}\"")).ShouldBeGreaterThan(5, "sessions");
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 4002 || entry.EventId.Id == 4007);
        await world.ShouldHaveSettledAllAsync(service, Queue);
    }

    [Fact]
    public async Task The_prefetch_in_force_is_what_the_broker_hands_out()
    {
        await using var world = await World.CreateAsync();
        var gate = new Gate("handler");
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(concurrency: 1, before: (_, _) => gate.PassAsync()));
        await service.ConsumingAsync();

        await ConsumersOf(service).ChangeAsync(Queue, "maria", concurrency: null, prefetch: 3, lasting: false);
        await service.ConsumingAsync();
        await service.SaveAsync(Numbers(0, 10));
        await gate.WaitForCallersAsync();

        await Eventually.EqualAsync(7u, () => world.ReadyAsync(Queue), "messages left in the queue");
        gate.Open();
        await Eventually.EqualAsync(Enumerable.Range(0, 10), world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task A_database_that_is_away_changes_nothing_about_consumers()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync("127.0.0.1", new Npgsql.NpgsqlConnectionStringBuilder(world.Database.ConnectionString).Port);
        await using var service = await world.StartAsync(setup =>
        {
            setup.ConnectionString = world.Database.ConnectionStringThrough(proxy);
            setup.HandleNumbered();
        });
        await service.ConsumingAsync();
        await ConsumersOf(service).ChangeAsync(Queue, "maria", concurrency: 3, prefetch: 7, lasting: false);
        await service.ConsumingAsync();

        proxy.Accepting = false;
        await proxy.CutAsync();
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 4012), "the changes cannot be read");

        Of(service).ShouldSatisfyAllConditions(info => info.IsConsuming.ShouldBeTrue(), info => info.Concurrency.ShouldBe(3), info => info.Prefetch.ShouldBe(7));
        await Should.ThrowAsync<Exception>(() => ConsumersOf(service).PauseAsync(Queue, "maria", lasting: false));
        Of(service).IsConsuming.ShouldBeTrue();

        proxy.Accepting = true;
        await Eventually.TrueAsync(async () =>
        {
            await ConsumersOf(service).PauseAsync(Queue, "maria", lasting: false);
            return Of(service).PausedSince is not null;
        }, "the pause");
    }

    [Fact]
    public async Task What_cannot_be_changed_is_told()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();

        await ShouldBeToldAsync(consumers => consumers.PauseAsync("tests.nmbers", "maria", lasting: false),
            "The queue \"tests.nmbers\" cannot be changed: no process of this service has consumed it with an inbox. Correct the name, or, where its handlers have no database, change it in the process that consumes it. Queues of this process: \"tests.numbers\".");
        await ShouldBeToldAsync(consumers => consumers.ChangeAsync(Queue, "maria", 0, null, lasting: false), "The concurrency of the queue \"tests.numbers\" cannot be 0. Use 1 to 1000.");
        await ShouldBeToldAsync(consumers => consumers.ChangeAsync(Queue, "maria", null, 2001, lasting: false), "The prefetch of the queue \"tests.numbers\" cannot be 2001. Use 1 to 2000.");
        await ShouldBeToldAsync(consumers => consumers.ChangeAsync(Queue, "maria", null, null, lasting: false), "Nothing was said to change of the queue \"tests.numbers\". Give a concurrency, a prefetch or both.");

        async Task ShouldBeToldAsync(Func<IConsumers, Task> change, string error) =>
            (await Should.ThrowAsync<ReliableMqException>(() => change(ConsumersOf(service)))).Message.ShouldBe(error);
    }

    private static object[] Numbers(int first, int count) => [.. Enumerable.Range(first, count).Select(number => new Numbered(number))];

    private static IConsumers ConsumersOf(TestService service) => service.Host.Services.GetRequiredService<IConsumers>();

    private static ConsumerInfo Of(TestService service) => ConsumersOf(service).List().Single();
}
