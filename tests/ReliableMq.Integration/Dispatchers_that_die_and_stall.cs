using System.Globalization;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>
/// Several processes send from one database while they are killed, and stopped for longer than their leases
/// last.
/// </summary>
public class Dispatchers_that_die_and_stall
{
    [Fact]
    public async Task Nothing_is_lost_little_comes_twice_and_every_key_keeps_its_order()
    {
        var transactions = Runs.Long(20_000, 600);
        const int lease = 10;
        await using var world = await World.CreateAsync();
        await world.Database.ExecuteAsync(JournalEntry.Schema);
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await using var nemesis = new Nemesis(() => world.StartProcess(Worker.Journal, transactions), count: 3, seed: 20261121);
        await nemesis.StartAsync();

        var faults = 0;
        while (await JournalCountAsync(world) < transactions * 4)
        {
            await (faults++ % 3 == 2 ? nemesis.FreezeOneAsync(TimeSpan.FromSeconds(lease + 2)) : nemesis.KillOneAsync());
            await nemesis.CalmAsync();
        }

        await nemesis.ResumeAllAsync();
        await nemesis.StopAsync();
        await using var rest = await world.StartAsync();
        await Eventually.EqualAsync(0, () => world.CountAsync("outbox"), "rows left in the outbox", TimeSpan.FromSeconds(Runs.Long(300, 90)));
        var committed = await world.Database.QueryAsync("SELECT coalesce(key, ''), number FROM journal", row => (row.GetString(0), row.GetInt32(1)));
        await Eventually.TrueAsync(() => arrivals.All.DistinctBy(arrival => arrival.MessageId).Count() >= committed.Count, "everything arrived");

        var arrived = arrivals.All.Select(arrival => (arrival.OrderingKey ?? "", arrival.Number)).ToList();
        arrived.Distinct().Order().ShouldBe(committed.Order(), "what was committed, and nothing else");
        foreach (var key in arrived.Where(arrival => arrival.Item1.Length > 0).GroupBy(arrival => arrival.Item1))
        {
            key.Select(arrival => arrival.Number).ShouldBe(key.Select(arrival => arrival.Number).Order(), $"key {key.Key}, which may repeat what was in flight but never goes back");
        }

        // A process has at most so many messages unconfirmed, and as many confirmed whose outcome is not recorded.
        (arrived.Count - committed.Count).ShouldBeLessThanOrEqualTo(faults * 2 * 100, string.Create(CultureInfo.InvariantCulture, $"duplicates after {faults} faults"));
        await Eventually.EqualAsync(0, () => world.CountAsync("outbox_key"), "keys left");
    }

    private static Task<long> JournalCountAsync(World world) => world.Database.ScalarAsync<long>("SELECT count(*) FROM journal");
}
