using Microsoft.Extensions.Diagnostics.HealthChecks;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Hosting;

public class What_cannot_be_reached_is_waited_for
{
    [Fact]
    public async Task A_database_that_comes_late_is_waited_for()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync("127.0.0.1", PortOf(world.Database.ConnectionString));
        proxy.Accepting = false;
        await using var service = await world.StartAsync(setup =>
        {
            setup.ConnectionString = world.Database.ConnectionStringThrough(proxy);
            setup.HandleNumbered();
        });
        (await service.HealthAsync()).Entries["reliable-mq-outbox"].Status.ShouldBe(HealthStatus.Unhealthy);
        service.Logs.Entries.ShouldContain(entry => entry.EventId.Id == 8001);

        proxy.Accepting = true;
        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(1));

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(HealthStatus.Healthy, async () => (await service.HealthAsync()).Status, "health");
    }

    [Fact]
    public async Task A_database_that_goes_away_pauses_handling_without_counting_attempts()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync("127.0.0.1", PortOf(world.Database.ConnectionString));
        await using var producer = await world.StartAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.ConnectionString = world.Database.ConnectionStringThrough(proxy);
            setup.HandleNumbered(retry: "");
        });
        await producer.SaveAsync(new Numbered(0));
        await Eventually.EqualAsync([0], world.EffectsAsync, "effects");

        proxy.Accepting = false;
        await proxy.CutAsync();
        await producer.SaveAsync([.. Enumerable.Range(1, 20).Select(number => new Numbered(number))]);
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 4003), "the consumer has paused");
        await Eventually.EqualAsync(20, async () => (await world.Broker.QueueCountsAsync("tests.numbers")).Ready, "messages back in the queue");
        (await service.HealthAsync()).Entries["reliable-mq-consumers"].Description!.ShouldContain("the database cannot be reached");

        proxy.Accepting = true;

        await Eventually.EqualAsync(Enumerable.Range(0, 21), world.EffectsAsync, "effects");
        (await world.CountAsync("failure")).ShouldBe(0);
        (await world.CountAsync("dead_letter")).ShouldBe(0);
    }

    private static int PortOf(string connectionString) => new Npgsql.NpgsqlConnectionStringBuilder(connectionString).Port;
}
