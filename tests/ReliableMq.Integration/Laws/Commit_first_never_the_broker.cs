using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Laws;

public class Commit_first_never_the_broker
{
    [Fact]
    public async Task Committing_works_while_no_broker_can_be_reached_and_all_is_handled_when_it_comes()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        proxy.Accepting = false;
        await using var service = await world.StartAsync(setup =>
        {
            setup.Through(proxy);
            setup.HandleNumbered();
        });

        await service.SaveAsync([.. Enumerable.Range(0, 20).Select(number => new Numbered(number))]);
        (await world.CountAsync("outbox")).ShouldBe(20);
        (await service.HealthAsync()).Entries["reliable-mq-broker"].Description!.ShouldStartWith("No connection to RabbitMQ: ");

        proxy.Accepting = true;

        await Eventually.EqualAsync(Enumerable.Range(0, 20), world.EffectsAsync, "effects");
        await Eventually.EqualAsync(0, () => world.CountAsync("outbox"), "rows left in the outbox");
    }

    [Fact]
    public async Task A_broker_that_accepts_and_never_answers_does_not_slow_commits_down()
    {
        await using var world = await World.CreateAsync();
        await using var healthy = await world.StartAsync();
        var withBroker = await MeasureCommitsAsync(healthy);
        await healthy.StopAsync();

        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        proxy.AcceptAndIgnore = true;
        await using var service = await world.StartAsync(setup => setup.Through(proxy));
        await proxy.WaitForConnectionsAsync(1);
        var withoutAnswers = await MeasureCommitsAsync(service);

        // A commit that waited for the broker would take its timeout: seconds instead of milliseconds.
        withoutAnswers.ShouldBeLessThan(TimeSpan.FromTicks(Math.Max(withBroker.Ticks * 10, TimeSpan.FromMilliseconds(500).Ticks)));
    }

    [Fact]
    public async Task A_rollback_takes_the_messages_with_the_rows()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());

        await service.UseAsync(async db =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            db.Effects.Add(new Effect { Number = 1 });
            db.AddMessage(new Numbered(1));
            await db.SaveChangesAsync();
            await transaction.RollbackAsync();

            // The context goes on: only what comes after the rollback is saved.
            db.AddMessage(new Numbered(2));
            await db.SaveChangesAsync();
        });

        await Eventually.EqualAsync([2], world.EffectsAsync, "effects");
        (await world.CountAsync("outbox_history")).ShouldBe(1);
    }

    private static async Task<TimeSpan> MeasureCommitsAsync(TestService service)
    {
        var slowest = TimeSpan.Zero;
        await service.SaveAsync(new Elsewhere(0));
        for (var number = 0; number < 50; number++)
        {
            var clock = Stopwatch.StartNew();
            await service.SaveAsync(new Elsewhere(number));
            slowest = clock.Elapsed > slowest ? clock.Elapsed : slowest;
        }

        return slowest;
    }
}
