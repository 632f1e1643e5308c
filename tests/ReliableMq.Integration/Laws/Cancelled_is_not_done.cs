using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Laws;

public class Cancelled_is_not_done
{
    [Fact]
    public async Task A_handler_whose_http_call_timed_out_is_retried()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(before: (_, context) =>
            context.Attempt == 1 ? throw new TaskCanceledException("The request was canceled due to the configured HttpClient.Timeout.") : Task.CompletedTask));

        await service.SaveAsync(new Numbered(1));

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        service.Logs.Entries.ShouldContain(entry => entry.EventId.Id == 6001 && entry.Message.Contains("TaskCanceledException"));
    }

    [Fact]
    public async Task A_handler_over_its_timeout_is_cancelled_and_the_attempt_counts()
    {
        await using var world = await World.CreateAsync();
        var cancelled = new Signal("handler cancelled");
        await using var service = await world.StartAsync(setup =>
            setup.Handle<Numbered>("tests.numbers", async (message, db, context) =>
            {
                if (context.Attempt == 1)
                {
                    await using var registered = context.CancellationToken.Register(cancelled.Set);
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
                }

                db.Effects.Add(new Effect { Number = context.Attempt });
            }, timeout: "300ms"));

        await service.SaveAsync(new Numbered(1));

        await cancelled.WaitAsync();
        await Eventually.EqualAsync([2], world.EffectsAsync, "the attempt that succeeded");
        service.Logs.Entries.ShouldContain(entry => entry.EventId.Id == 6001
            && entry.Message.Contains("TimeoutException: The handler took longer than the queue's timeout of 0.3 seconds."));
    }

    [Fact]
    public async Task A_stop_costs_no_attempt_and_the_effect_comes_after_the_restart()
    {
        await using var world = await World.CreateAsync();
        var running = new Signal("handler runs");
        var first = await world.StartAsync(setup =>
        {
            setup.Services = services => services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
            setup.HandleNumbered(before: async (_, context) =>
            {
                running.Set();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
            });
        });
        await first.SaveAsync(new Numbered(1));
        await running.WaitAsync();

        await first.DisposeAsync();

        (await world.CountAsync("failure")).ShouldBe(0);
        (await world.EffectsAsync()).ShouldBeEmpty();
        await Eventually.EqualAsync(1, async () => (await world.Broker.QueueCountsAsync("tests.numbers")).Ready, "messages back in the queue");

        var attempts = 0;
        await using var second = await world.StartAsync(setup => setup.HandleNumbered(before: (_, context) =>
        {
            attempts = context.Attempt;
            return Task.CompletedTask;
        }));
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        attempts.ShouldBe(1);
    }

    [Fact]
    public async Task A_stop_lets_running_handlers_finish_and_returns_what_waits()
    {
        await using var world = await World.CreateAsync();
        var gate = new Gate("handler");
        var service = await world.StartAsync(setup =>
        {
            // On a slow machine looking at the queue may take long; past the limit, handlers are given up.
            setup.Services = services => services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMinutes(2));
            setup.HandleNumbered(concurrency: 2, before: (_, _) => gate.PassAsync());
        });
        await service.ConsumingAsync();
        await service.SaveAsync([.. Enumerable.Range(0, 10).Select(number => new Numbered(number))]);
        await gate.WaitForCallersAsync(2);

        var stopping = service.DisposeAsync().AsTask();
        await Eventually.EqualAsync(8, async () => (await world.Broker.QueueCountsAsync("tests.numbers")).Ready, "messages given back");
        stopping.IsCompleted.ShouldBeFalse();
        gate.Open();
        await stopping;

        (await world.EffectsAsync()).Count().ShouldBe(2);
        (await world.Broker.QueueCountsAsync("tests.numbers")).ShouldBe(new QueueCounts(8, 0));
        (await world.CountAsync("failure")).ShouldBe(0);
    }
}
