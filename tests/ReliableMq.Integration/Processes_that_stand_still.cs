using Microsoft.EntityFrameworkCore;
using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>A process that stands still, or whose machine is gone without a word, keeps its connection to the database open.</summary>
public class Processes_that_stand_still
{
    [Fact]
    public async Task What_one_was_handling_is_handled_by_another_when_its_timeout_is_over()
    {
        await using var world = await World.CreateAsync();
        // Each message has three seconds.
        await using var still = world.StartProcess(Worker.Consume, 3);
        await still.WaitForLineAsync(line => line == "started");
        await using var producer = await world.StartAsync();
        await producer.SaveAsync(new Numbered(Worker.Trap));
        await still.WaitForLineAsync(line => line == "trapped");
        still.Freeze();

        await using var other = await world.StartAsync(setup => setup.HandleNumbered());

        await Eventually.EqualAsync([Worker.Trap], world.EffectsAsync, "effects", TimeSpan.FromMinutes(1));
        (await world.CountAsync("failure")).ShouldBe(0, "waiting for it is no attempt");
    }

    [Theory]
    [InlineData("", "5min", false, "310s")]
    [InlineData("", "20s", true, "30s")]
    [InlineData("-c idle_in_transaction_session_timeout=7000", "5min", false, "7s")]
    [InlineData("-c idle_in_transaction_session_timeout=7000", "5min", true, "7s")]
    public async Task A_handler_may_be_idle_in_its_transaction_for_its_timeout_if_the_database_allows_it(string options, string timeout, bool batch, string expected)
    {
        await using var world = await World.CreateAsync();
        var limits = new List<string>();
        async Task AskAsync(TestDb db) => limits.Add(await db.Database.SqlQuery<string>($"SELECT current_setting('idle_in_transaction_session_timeout') AS \"Value\"").SingleAsync());
        await using var service = await world.StartAsync(setup =>
        {
            setup.ConnectionString = new NpgsqlConnectionStringBuilder(setup.ConnectionString) { Options = options }.ConnectionString;
            setup.Settings["Queues:tests.numbers:Timeout"] = timeout.Replace("min", "m", StringComparison.Ordinal);
            if (batch)
            {
                setup.HandleMany<Numbered>("tests.numbers", (_, db, _) => AskAsync(db));
            }
            else
            {
                setup.Handle<Numbered>("tests.numbers", (_, db, _) => AskAsync(db));
            }
        });
        await service.ConsumingAsync();

        await service.SaveAsync(new Numbered(1));

        await Eventually.EqualAsync(1L, () => world.CountAsync("inbox"), "handled messages");
        limits.ShouldBe([expected]);
    }
}
