using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>Two processes handle the same queues while they are killed, and stopped for a while.</summary>
public class Consumers_that_die
{
    [Fact]
    public async Task Every_message_has_its_effect_and_its_further_message_once()
    {
        var (count, rounds) = Runs.Long((5_000, 50), (200, 10));
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("followed", "tests", "tests.followed.v1");
        await using var arrivals = await Arrivals.InAsync(world, "followed");
        await using var nemesis = new Nemesis(() => world.StartProcess(Worker.HandleAll), count: 2, seed: 20261122);
        await nemesis.StartAsync();
        await using var producer = await world.StartAsync();

        for (var sent = 0; sent < count; sent += count / rounds)
        {
            await producer.SaveAsync([.. Enumerable.Range(sent, count / rounds).Select(number => new Numbered(number))]);
            await (sent / (count / rounds) % 4 == 3 ? nemesis.FreezeOneAsync(TimeSpan.FromSeconds(6)) : nemesis.KillOneAsync());
        }

        await Eventually.EqualAsync(count * 3L, () => world.CountAsync("inbox"), "handled messages", TimeSpan.FromSeconds(Runs.Long(600, 90)));
        await nemesis.ResumeAllAsync();
        await nemesis.StopAsync();
        await using var rest = await world.StartAsync(AllKindsOfHandlers.AddTo);
        await rest.ConsumingAsync();
        await Eventually.EqualAsync(0L, () => world.CountAsync("outbox"), "unsent messages", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(() => arrivals.All.DistinctBy(arrival => arrival.MessageId).Count() >= count * 3, "every further message arrived");
        await world.ShouldHaveSettledAllAsync(rest, AllKindsOfHandlers.Queues);

        (await world.Database.QueryAsync<string>("SELECT \"Note\" || ' ' || \"Number\" FROM \"Effects\"")).Order(StringComparer.Ordinal)
            .ShouldBe(AllKindsOfHandlers.Queues.SelectMany(queue => Enumerable.Range(0, count).Select(number => $"{queue} {number}")).Order(StringComparer.Ordinal));
        arrivals.All.DistinctBy(arrival => arrival.MessageId).Select(arrival => arrival.Number).Order()
            .ShouldBe(Enumerable.Range(0, count).SelectMany(number => Enumerable.Repeat(number, 3)));
        (await world.CountAsync("dead_letter")).ShouldBe(0);
        (await world.Database.ScalarAsync<long>("SELECT coalesce(sum(attempts), 0) FROM reliable_mq.failure")).ShouldBe(0, "a killed process counts no attempt");
    }
}
