using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class A_broker_that_is_away
{
    [Fact]
    public async Task What_was_committed_while_it_was_stopped_leaves_when_it_is_back_without_a_restart()
    {
        var commits = Runs.Long(10_000, 1_000);
        await using var rabbitMq = await PrivateRabbitMq.CreateAsync();
        await using var world = await World.CreateAsync(rabbitMq.Server);
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(0));
        await Eventually.EqualAsync([0], world.EffectsAsync, "the first effect");
        await rabbitMq.SyncAsync();

        await rabbitMq.StopAsync();
        var stopped = System.Diagnostics.Stopwatch.StartNew();
        for (var number = 1; number <= commits; number++)
        {
            await service.SaveAsync(new Numbered(number));
        }

        // The length of the outage is the fault: every back-off has reached its longest delay.
        await Eventually.TrueAsync(() => stopped.Elapsed >= TimeSpan.FromSeconds(Runs.Long(60, 5)), "the outage has lasted", TimeSpan.FromSeconds(90));
        (await world.CountAsync("outbox")).ShouldBe(commits);
        (await service.HealthAsync()).Entries["reliable-mq-broker"].Description.ShouldNotBeNull().ShouldStartWith("No connection to RabbitMQ: ");
        await rabbitMq.StartAsync();

        await Eventually.EqualAsync(commits + 1, async () => (await world.EffectsAsync()).Count(), "effects", TimeSpan.FromSeconds(120));
        (await world.EffectsAsync()).ShouldBe(Enumerable.Range(0, commits + 1));
        await Eventually.EqualAsync(0, () => world.CountAsync("outbox"), "rows left in the outbox");
        service.Logs.Entries.Where(entry => entry.EventId == 2001).Select(entry => entry.Message).ShouldBeEmpty("an outage is no fault of a message");
    }
}
