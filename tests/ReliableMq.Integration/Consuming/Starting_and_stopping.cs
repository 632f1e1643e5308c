using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Consuming;

public class Starting_and_stopping
{
    private const string Queue = "tests.numbers";

    [Fact]
    public async Task Nothing_is_consumed_before_the_application_has_started()
    {
        await using var world = await World.CreateAsync();
        var starting = new Gate("a start that takes long");
        await using var service = world.Build(setup =>
        {
            setup.HandleNumbered();
            setup.Services = services => services.AddHostedService(_ => new SlowStart(starting));
        });

        var start = service.StartAsync();
        await starting.WaitForCallersAsync();
        await Consistently.ForAsync(TimeSpan.FromSeconds(1), () => service.Logs.Entries.All(entry => entry.EventId.Id != 4001), "nothing is consumed");
        starting.Open();
        await start;

        await service.ConsumingAsync();
    }

    [Fact]
    public async Task SIGTERM_lets_a_handler_finish_and_its_effect_comes_once()
    {
        await using var world = await World.CreateAsync();
        await using var producer = await world.StartAsync();
        await using var consumer = world.StartProcess(Worker.Consume);
        await consumer.WaitForLineAsync(line => line == "started");
        await producer.SaveAsync(new Numbered(Worker.Patient));
        await consumer.WaitForLineAsync(line => line == "waiting");

        consumer.Terminate();
        await consumer.WaitForExitAsync();

        (await world.EffectsAsync()).ShouldBe([Worker.Patient]);
        (await world.ReadyAsync(Queue)).ShouldBe(0u);
    }

    [Fact]
    public async Task SIGTERM_gives_back_what_does_not_finish_in_time_and_counts_no_attempt()
    {
        await using var world = await World.CreateAsync();
        await using var producer = await world.StartAsync();
        await using (var consumer = world.StartProcess(Worker.Consume))
        {
            await consumer.WaitForLineAsync(line => line == "started");
            // The first never returns, whatever its token says; the second ends when it is told to give up.
            await producer.SaveAsync(new Numbered(Worker.Trap), new Numbered(Worker.Obedient));
            await consumer.WaitForLineAsync(line => line == "trapped");
            await consumer.WaitForLineAsync(line => line == "waiting");
            consumer.Terminate();
            await consumer.WaitForExitAsync();
        }

        (await world.EffectsAsync()).ShouldBeEmpty();
        await Eventually.EqualAsync(2u, () => world.ReadyAsync(Queue), "messages back in the queue");
        var attempts = new List<int>();
        await using var successor = await world.StartAsync(setup => setup.HandleNumbered(concurrency: 1, before: (_, context) =>
        {
            attempts.Add(context.Attempt);
            return Task.CompletedTask;
        }));
        await Eventually.EqualAsync([Worker.Trap, Worker.Obedient], world.EffectsAsync, "effects");
        attempts.ShouldBe([1, 1]);
    }

    [Fact]
    public async Task A_handler_that_ignores_its_token_does_not_hang_the_stop_and_its_late_effect_comes_once()
    {
        await using var world = await World.CreateAsync();
        var gate = new Gate("deaf handler");
        await using var first = await world.StartAsync(setup =>
        {
            setup.Services = services => services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
            setup.HandleNumbered(before: (_, _) => gate.PassAsync());
        });
        await first.ConsumingAsync();
        await first.SaveAsync(new Numbered(1));
        await gate.WaitForCallersAsync();

        await first.StopAsync().WaitAsync(TimeSpan.FromSeconds(25), TimeProvider.System);

        await Eventually.EqualAsync(1u, () => world.ReadyAsync(Queue), "messages back in the queue");
        (await world.CountAsync("failure")).ShouldBe(0);
        gate.Open();
        await using var second = await world.StartAsync(setup => setup.HandleNumbered());
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await world.ShouldHaveSettledAllAsync(second, Queue);
        (await world.EffectsAsync()).ShouldBe([1]);
        (await world.CountAsync("failure")).ShouldBe(0);
    }

    [Fact]
    public async Task All_that_waits_in_a_full_prefetch_goes_back_and_is_not_counted()
    {
        await using var world = await World.CreateAsync();
        var gate = new Gate("handler");
        var service = await world.StartAsync(setup =>
        {
            setup.Services = services => services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMinutes(2));
            setup.HandleNumbered(concurrency: 1, before: (_, _) => gate.PassAsync());
        });
        await service.ConsumingAsync();
        await service.SaveAsync([.. Enumerable.Range(0, 180).Select(number => new Numbered(number))]);
        await gate.WaitForCallersAsync();
        await Eventually.EqualAsync(0, () => world.CountAsync("outbox"), "rows left in the outbox");
        await Eventually.EqualAsync(0u, () => world.ReadyAsync(Queue), "messages that are not fetched");

        var stopping = service.DisposeAsync().AsTask();
        await Eventually.EqualAsync(179u, () => world.ReadyAsync(Queue), "messages given back");
        gate.Open();
        await stopping;

        (await world.ReadyAsync(Queue)).ShouldBe(179u);
        (await world.EffectsAsync()).Count().ShouldBe(1);
        (await world.CountAsync("failure")).ShouldBe(0);
    }

    [Fact]
    public async Task What_is_held_for_its_next_attempt_goes_back_at_once_and_its_attempts_stay()
    {
        await using var world = await World.CreateAsync();
        await using (var first = await world.StartAsync(setup => setup.HandleNumbered(retry: "20s, 20s", before: (_, _) => throw new InvalidOperationException("no"))))
        {
            await first.ConsumingAsync();
            await first.SaveAsync(new Numbered(1));
            await Eventually.TrueAsync(() => first.Logs.Entries.Any(entry => entry.EventId.Id == 6001), "the first attempt has failed");
        }

        await Eventually.EqualAsync(1u, () => world.ReadyAsync(Queue), "messages back in the queue");
        var attempt = 0;
        await using var second = await world.StartAsync(setup => setup.HandleNumbered(retry: "20s, 20s", before: (_, context) =>
        {
            attempt = context.Attempt;
            return Task.CompletedTask;
        }));
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects", TimeSpan.FromSeconds(60));
        attempt.ShouldBe(2);
    }

    [Fact]
    public async Task A_stop_waits_for_a_handler_whose_channel_is_lost()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        var gate = new Gate("handler");
        var service = await world.StartAsync(setup =>
        {
            setup.Through(proxy);
            setup.HandleNumbered(before: (_, _) => gate.PassAsync());
        });
        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(1));
        await gate.WaitForCallersAsync();
        proxy.Accepting = false;
        await proxy.CutAsync();
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 4002), "the channel is lost");

        var stopping = service.DisposeAsync().AsTask();
        await Consistently.ForAsync(TimeSpan.FromSeconds(1), () => !stopping.IsCompleted, "the stop waits");
        gate.Open();
        await stopping;

        (await world.EffectsAsync()).ShouldBe([1]);
    }

    private sealed class SlowStart(Gate gate) : IHostedLifecycleService
    {
        public Task StartedAsync(CancellationToken cancellationToken) => gate.PassAsync(cancellationToken);

        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
