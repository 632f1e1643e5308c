using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.Storage;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Versions_side_by_side
{
    /// <summary>
    /// What a next release may do to the tables: nothing but add, and one table in a transaction. A statement of
    /// the library locks several, and could meet one that changes several in a deadlock.
    /// </summary>
    private static async Task UpgradeAsync(TestDatabase database)
    {
        foreach (var table in await database.QueryAsync<string>("SELECT tablename FROM pg_tables WHERE schemaname = 'reliable_mq'"))
        {
            await database.ExecuteAsync($"ALTER TABLE reliable_mq.{table} ADD COLUMN next_version_note text NOT NULL DEFAULT 'next', ADD COLUMN next_version_at timestamptz");
        }

        await database.ExecuteAsync("CREATE TABLE reliable_mq.next_table (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)");
        await database.ExecuteAsync("CREATE INDEX next_index ON reliable_mq.outbox (next_version_at)");
        await database.ExecuteAsync($"INSERT INTO reliable_mq.schema_version (version) VALUES ({SchemaScript.Version + 1})");
    }

    [Fact]
    public async Task The_schema_is_upgraded_under_load_and_processes_of_before_and_after_work_side_by_side()
    {
        await using var world = await World.CreateAsync();
        await using var before = await world.StartAsync(Configure);
        await before.ConsumingAsync();
        using var stop = new CancellationTokenSource();
        var load = SaveUntilAsync(before, stop.Token);
        await Eventually.TrueAsync(async () => (await world.EffectsAsync()).Count() > 100, "messages are handled before");

        await UpgradeAsync(world.Database);

        var during = (await world.EffectsAsync()).Count();
        await Eventually.TrueAsync(async () => (await world.EffectsAsync()).Count() > during + 100, "messages are handled after");
        await using var after = await world.StartAsync(Configure);
        await using var process = world.StartProcess(Worker.Consume);
        await process.WaitForLineAsync(line => line == "started");
        await Eventually.TrueAsync(() => process.Output.Any(line => line.StartsWith("handling ", StringComparison.Ordinal)), "the process handles");
        await stop.CancelAsync();
        var saved = await load;

        await Eventually.EqualAsync(Enumerable.Range(0, saved), world.EffectsAsync, "effects", TimeSpan.FromSeconds(60));
        await Eventually.EqualAsync(saved, () => world.CountAsync("outbox_history"), "sent rows");
        (await world.CountAsync("outbox")).ShouldBe(0);
        await before.StopAsync();
        await after.StopAsync();
        before.Logs.Entries.Concat(after.Logs.Entries).Where(entry => entry.Level >= LogLevel.Warning && entry.Category.StartsWith("ReliableMq", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_script_of_before_leaves_a_newer_schema_as_it_is()
    {
        await using var world = await World.CreateAsync();
        await world.Database.ExecuteAsync(ReliableMqSchema.Script());
        await UpgradeAsync(world.Database);
        var catalog = await Catalog.ReadAsync(world.Database, "reliable_mq");

        await world.Database.ExecuteAsync(ReliableMqSchema.Script());

        (await Catalog.ReadAsync(world.Database, "reliable_mq")).ShouldBe(catalog);
        catalog.ShouldContain($"version {SchemaScript.Version + 1} t");
    }

    private static void Configure(TestServiceSetup setup)
    {
        setup.HandleNumbered();
        // Plans that are kept are what a changed table could break.
        setup.ConnectionString = new NpgsqlConnectionStringBuilder(setup.ConnectionString) { MaxAutoPrepare = 50, AutoPrepareMinUsages = 2 }.ConnectionString;
    }

    private static async Task<int> SaveUntilAsync(TestService service, CancellationToken stop)
    {
        var saved = 0;
        for (; !stop.IsCancellationRequested; saved++)
        {
            await service.SaveAsync(new Numbered(saved));
        }

        return saved;
    }
}
