using System.Text;
using Npgsql;
using RabbitMQ.Client;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Consuming;

/// <summary>
/// Whoever has one expects that what was acked survives the loss of the primary. Where a wait for it is broken off, the
/// commit is not: its rows can then be seen on the primary, and only there. Were that taken for done, the delivery would
/// be acked, and lost with the primary.
/// </summary>
public class A_synchronous_standby
{
    private const string Waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()";

    [Fact]
    public Task Has_the_effect_of_every_delivery_that_was_acked_though_its_session_was_ended() => ShouldHaveAllAsync("pg_terminate_backend");

    /// <summary>A client does that, too, when the time of its command is over, and the commit is answered as if nothing had happened.</summary>
    [Fact]
    public Task Has_the_effect_of_every_delivery_that_was_acked_though_its_commit_was_cancelled() => ShouldHaveAllAsync("pg_cancel_backend");

    /// <summary>Nobody else breaks anything off here.</summary>
    [Fact]
    public Task Has_the_effect_of_every_delivery_that_was_acked_though_the_time_for_its_commit_was_over() => ShouldHaveAllAsync(null);

    /// <summary>A session may keep its warnings to itself.</summary>
    [Fact]
    public Task Has_the_effect_of_every_delivery_that_was_acked_though_no_warning_is_sent() => ShouldHaveAllAsync(null, options: "-c client_min_messages=error");

    [Fact]
    public Task Has_every_dead_letter_of_a_delivery_that_was_settled() => ShouldHaveAllAsync("pg_terminate_backend", handling: Handling.Dies);

    [Fact]
    public Task Has_every_copy_of_a_delivery_that_was_acked() => ShouldHaveAllAsync("pg_terminate_backend", handling: Handling.FailsOnce);

    private enum Handling
    {
        Succeeds,
        FailsOnce,
        Dies,
    }

    /// <param name="breakOff">Breaks off what waits; null to leave it to the client's own command timeout.</param>
    /// <param name="options">Of the sessions.</param>
    /// <param name="handling">What the handler does.</param>
    private static async Task ShouldHaveAllAsync(string? breakOff, string? options = null, Handling handling = Handling.Succeeds)
    {
        await using var primary = await PrivatePostgres.CreateAsync();
        await using var line = await TcpProxy.StartAsync("127.0.0.1", primary.Port);
        await using var world = await World.CreateAsync(postgres: primary.Server.Through(line));
        await using var service = await world.StartAsync(setup =>
        {
            setup.ConnectionString = new NpgsqlConnectionStringBuilder(setup.ConnectionString) { CommandTimeout = breakOff is null ? 2 : 30, CancellationTimeout = 5000, Options = options }.ConnectionString;
            setup.HandleNumbered(retry: handling == Handling.FailsOnce ? "1m" : "", before: (_, context) =>
                handling == Handling.Dies || (handling == Handling.FailsOnce && context.Attempt == 1) ? throw new InvalidOperationException("It fails.") : Task.CompletedTask);
        });
        await service.ConsumingAsync();
        await using var standby = await primary.CreateStandbyAsync();
        // Not frozen: what the primary sends it then would wait for it in its sockets.
        await standby.KillAsync();

        await world.Broker.PublishAsync(
            "tests", "tests.numbered.v1", Encoding.UTF8.GetBytes("""{"number":1}"""), new BasicProperties { MessageId = "number-1", Type = "tests.numbered.v1", ContentType = "application/json" });
        var table = handling switch { Handling.Succeeds => "inbox", Handling.Dies => "dead_letter", _ => "outbox" };
        await Eventually.TrueAsync(async () =>
        {
            await BreakOffAsync(world, breakOff);
            return await world.CountAsync(table) == 1;
        }, "the commit, broken off while it waits", TimeSpan.FromSeconds(60));
        // Whatever is known now only here is looked at again, and again.
        for (var looks = 0; looks < 5; looks++)
        {
            await Eventually.TrueAsync(() => world.Database.ScalarAsync<bool>($"SELECT EXISTS (SELECT {Waiting})"), "what is believed waits as well", TimeSpan.FromSeconds(60));
            await BreakOffAsync(world, breakOff ?? "pg_cancel_backend");
        }

        await primary.KillAsync();
        await standby.StartAsync();
        await standby.PromoteAsync();
        line.LeadTo("127.0.0.1", standby.Port);
        world.Database.DataSource.Clear();
        if (handling == Handling.Dies)
        {
            await Eventually.EqualAsync(1L, () => world.CountAsync("dead_letter"), "dead letters", TimeSpan.FromSeconds(60));
            return;
        }

        if (handling == Handling.FailsOnce)
        {
            await Eventually.TrueAsync(async () => await world.CountAsync("outbox") == 1, "the copy that is scheduled", TimeSpan.FromSeconds(60));
            return;
        }

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects", TimeSpan.FromSeconds(60));
    }

    private static Task BreakOffAsync(World world, string? how) => how is null
        ? Task.CompletedTask
        : world.Database.QueryAsync<bool>($"SELECT {how}(pid) {Waiting} AND query NOT LIKE '%pg_stat_activity%'");
}
