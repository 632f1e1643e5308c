using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.Outbox;
using ReliableMq.Storage;
using ReliableMq.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ReliableMq.Integration.Laws;

public class The_databases_clock_decides
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_row_whose_lease_has_run_out_is_finished_by_its_new_holder_only()
    {
        await using var world = await World.CreateAsync();
        var (first, second) = (await TableAsync(world), await TableAsync(world));
        await StoreAsync(world, 1);
        var held = (await first.PollAsync(10, 10, DateTime.UnixEpoch, CancellationToken.None)).Rows.ShouldHaveSingleItem();
        (await second.PollAsync(10, 10, DateTime.UnixEpoch, CancellationToken.None)).Rows.ShouldBeEmpty();

        await world.Database.ExecuteAsync("UPDATE reliable_mq.outbox SET available_at = clock_timestamp()");
        var taken = (await second.PollAsync(10, 10, DateTime.UnixEpoch, CancellationToken.None)).Rows.ShouldHaveSingleItem();
        taken.Fence.ShouldBe(held.Fence + 1);

        await first.FinishAsync([held], "sent", CancellationToken.None);
        await first.FailAsync([new FailedRow(held, new Failure("returned", "late", TimeSpan.Zero))], CancellationToken.None);
        await first.ReleaseAsync([held], TimeSpan.Zero, CancellationToken.None);

        (await world.CountAsync("outbox_history")).ShouldBe(0);
        (await world.OutboxAsync()).ShouldHaveSingleItem().ShouldBe(new OutboxState("m1", "tests.numbered.v1", 0, null, null, Held: true));

        await second.FinishAsync([taken], "sent", CancellationToken.None);
        (await world.CountAsync("outbox_history")).ShouldBe(1);
        (await world.CountAsync("outbox")).ShouldBe(0);
    }

    [Fact]
    public async Task Messages_of_a_key_whose_lease_has_run_out_are_finished_by_its_new_holder_only()
    {
        await using var world = await World.CreateAsync();
        var (first, second) = (await DatabaseAsync(world), await DatabaseAsync(world));
        await StoreAsync(world, 1);
        await world.Database.ExecuteAsync(
            """
            UPDATE reliable_mq.outbox SET ordering_key = 'k', ordered = true, available_at = 'infinity';
            INSERT INTO reliable_mq.outbox_key (ordering_key, token, available_at) VALUES ('k', gen_random_uuid(), clock_timestamp());
            """);
        var held = await ClaimAsync(first);
        (await new OutboxTable(second).PollAsync(10, 10, DateTime.UnixEpoch, CancellationToken.None)).Keys.ShouldBeEmpty();

        await world.Database.ExecuteAsync("UPDATE reliable_mq.outbox_key SET available_at = clock_timestamp()");
        var taken = await ClaimAsync(second);
        (await new KeyTable(first).FinishAsync([held], "sent", CancellationToken.None)).ShouldBeEmpty();
        await new KeyTable(first).FailAsync([new FailedRow(held, new Failure("returned", "late", TimeSpan.Zero))], CancellationToken.None);
        await new KeyTable(first).ReleaseAsync([held], TimeSpan.Zero, CancellationToken.None);
        (await new KeyTable(first).AdvanceAsync([held.Key!.Value], 10, CancellationToken.None)).Rows.ShouldBeEmpty();

        (await world.CountAsync("outbox_history")).ShouldBe(0);
        (await world.OutboxAsync()).ShouldHaveSingleItem().ErrorKind.ShouldBeNull();
        (await world.Database.ScalarAsync<Guid>("SELECT node FROM reliable_mq.outbox_key WHERE available_at > clock_timestamp() + interval '5 seconds'")).ShouldBe(second.Node.Id);

        (await new KeyTable(second).FinishAsync([taken], "sent", CancellationToken.None)).ShouldBe([taken.Id]);
        (await world.CountAsync("outbox_history")).ShouldBe(1);
        (await new KeyTable(second).AdvanceAsync([taken.Key!.Value], 10, CancellationToken.None)).Waiting.ShouldBe(0);
        (await world.CountAsync("outbox_key")).ShouldBe(0);
    }

    [Fact]
    public async Task A_key_that_gets_a_message_while_its_holder_believes_it_empty_is_not_removed()
    {
        await using var world = await World.CreateAsync();
        var (holder, other) = (await DatabaseAsync(world), await DatabaseAsync(world));
        await StoreAsync(world, 1);
        await world.Database.ExecuteAsync("UPDATE reliable_mq.outbox SET ordering_key = 'k', ordered = true, available_at = 'infinity'");
        var keys = await new KeyTable(holder).EnrollAsync(["k"], claim: true, CancellationToken.None);
        var row = (await new KeyTable(holder).AdvanceAsync(keys, 10, CancellationToken.None)).Rows.ShouldHaveSingleItem();
        await new KeyTable(holder).FinishAsync([row], "sent", CancellationToken.None);

        // The holder's statement is about to remove the key, with a snapshot that does not show the new message.
        await using var holding = new NpgsqlConnection(world.Database.ConnectionString);
        await holding.OpenAsync();
        await using (var transaction = await holding.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted))
        {
            await using var touch = new NpgsqlCommand("UPDATE reliable_mq.outbox_key SET asked = true", holding, transaction);
            await touch.ExecuteNonQueryAsync();
            var advancing = new KeyTable(holder).AdvanceAsync(keys, 10, CancellationToken.None);
            await Eventually.EqualAsync(1, () => world.Database.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"), "statements that wait for the key's row");
            await StoreAsync(world, 2);
            await world.Database.ExecuteAsync("UPDATE reliable_mq.outbox SET ordering_key = 'k', ordered = true, available_at = 'infinity'");
            await transaction.CommitAsync();

            (await advancing).Rows.ShouldHaveSingleItem().MessageId.ShouldBe("m2");
        }

        (await new KeyTable(other).EnrollAsync(["k", "unknown"], claim: true, CancellationToken.None)).ShouldBeEmpty("one is held, and one has no messages");
        (await world.Database.QueryAsync<string>("SELECT ordering_key FROM reliable_mq.outbox_key WHERE asked")).ShouldBe(["k"]);
    }

    private static async Task<OutboxRow> ClaimAsync(ServiceDatabase database)
    {
        var keys = (await new OutboxTable(database).PollAsync(10, 10, DateTime.UnixEpoch, CancellationToken.None)).Keys;
        return (await new KeyTable(database).AdvanceAsync(keys, 10, CancellationToken.None)).Rows.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Handed_over_rows_are_read_only_while_they_exist_and_are_held_by_this_process()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Settings["Broker:Hosts"] = "127.0.0.1:1");
        await service.SaveAsync(new Numbered(1), new Numbered(2));
        var table = new OutboxTable(service.Host.Services.GetRequiredService<ServiceDatabases>().All.Single());
        var ids = (await world.Database.QueryAsync<Guid>("SELECT id FROM reliable_mq.outbox ORDER BY id")).ToArray();

        var rows = await table.ReadHandedOverAsync([.. ids, Guid.CreateVersion7()], CancellationToken.None);
        rows.Select(row => row.Id).ShouldBe(ids);
        rows.ShouldAllBe(row => row.Fence == 0 && row.Remaining > Lease / 2);

        // One was taken over; the lease of the other has become short and is extended.
        await world.Database.ExecuteAsync("UPDATE reliable_mq.outbox SET node = gen_random_uuid(), fence = 1 WHERE id = $1", ids[0]);
        await world.Database.ExecuteAsync("UPDATE reliable_mq.outbox SET available_at = clock_timestamp() + interval '1 second' WHERE id = $1", ids[1]);
        var row = (await table.ReadHandedOverAsync(ids, CancellationToken.None)).ShouldHaveSingleItem();
        row.Id.ShouldBe(ids[1]);
        row.Fence.ShouldBe(1);
        row.Remaining.ShouldBeGreaterThan(Lease / 2);
    }

    [Fact]
    public async Task Rows_of_a_process_that_died_are_sent_when_their_lease_runs_out()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("target", "tests", "tests.numbered.v1");
        await using var service = await world.StartAsync(setup => setup.Settings["Outbox:PollInterval"] = "00:00:00.2");
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.outbox (id, message_id, name, exchange, routing_key, content_type, body, created_at, available_at, node)
            SELECT gen_random_uuid(), 'left', 'tests.numbered.v1', 'tests', 'tests.numbered.v1', 'application/json', ''::bytea, clock_timestamp(),
                   clock_timestamp() + interval '2 seconds', gen_random_uuid()
            """);

        await Eventually.EqualAsync(1, () => world.CountAsync("outbox_history"), "rows sent");
        (await world.Database.ScalarAsync<double>("SELECT extract(epoch FROM finished_at - created_at)::float8 FROM reliable_mq.outbox_history")).ShouldBeGreaterThanOrEqualTo(2);
    }

    [Fact]
    public async Task The_quartz_resend_sends_rows_that_nobody_told_of()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("target", "tests", "tests.numbered.v1");
        await using var service = await world.StartAsync(setup =>
        {
            // The poll alone would take a minute.
            setup.Settings["Outbox:PollInterval"] = "00:01:00";
            setup.Settings["Outbox:ResendInterval"] = "00:00:01";
        });
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 3001), "the service is connected");
        await StoreAsync(world, 1);

        await Eventually.EqualAsync(1, () => world.CountAsync("outbox_history"), "rows sent", TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_stopped_service_gives_its_rows_back_at_once()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        await world.BindPlainQueueAsync("target", "tests", "tests.numbered.v1");
        var stopped = await world.StartAsync(setup => setup.Through(proxy));
        proxy.Accepting = false;
        await proxy.CutAsync();
        await stopped.SaveAsync(new Numbered(1));
        await stopped.DisposeAsync();

        (await world.OutboxAsync()).ShouldHaveSingleItem().Held.ShouldBeFalse();
        (await world.Database.ScalarAsync<bool>("SELECT available_at <= clock_timestamp() FROM reliable_mq.outbox")).ShouldBeTrue();
    }

    [Fact]
    public async Task A_stopping_service_waits_for_the_confirms_of_what_it_has_sent()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        await world.BindPlainQueueAsync("target", "tests", "tests.numbered.v1");
        await using var arrivals = await Arrivals.InAsync(world, "target");
        await using var service = await world.StartAsync(setup => setup.Through(proxy));
        await service.SaveAsync(new Numbered(0));
        await Eventually.EqualAsync(1, () => world.CountAsync("outbox_history"), "messages sent");
        proxy.Latency = TimeSpan.FromSeconds(1);

        await service.SaveAsync([.. Enumerable.Range(1, 20).Select(number => new Numbered(number))]);
        await Eventually.EqualAsync(21, () => arrivals.All.Count, "messages that have reached the broker");
        (await world.CountAsync("outbox")).ShouldBe(20, "their confirms are on the way");
        await service.StopAsync();

        (await world.CountAsync("outbox")).ShouldBe(0);
        (await world.CountAsync("outbox_history")).ShouldBe(21);
    }

    [Fact]
    public async Task A_scheduled_message_leaves_when_its_time_has_come()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.UseAsync(async db =>
        {
            Microsoft.EntityFrameworkCore.ReliableMqDbContextExtensions.AddMessage(db, new Numbered(2), new MessageOptions { DeliverAt = TimeProvider.System.GetUtcNow().AddSeconds(2) });
            Microsoft.EntityFrameworkCore.ReliableMqDbContextExtensions.AddMessage(db, new Numbered(1));
            await db.SaveChangesAsync();
        });

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await Eventually.EqualAsync([1, 2], world.EffectsAsync, "effects");
        (await world.Database.ScalarAsync<double>("SELECT extract(epoch FROM finished_at - due_at)::float8 FROM reliable_mq.outbox_history WHERE due_at IS NOT NULL")).ShouldBeInRange(0, 1.5);
    }

    private static async Task<OutboxTable> TableAsync(World world) => new(await DatabaseAsync(world));

    private static async Task<ServiceDatabase> DatabaseAsync(World world)
    {
        await using var service = await world.StartAsync();
        // Only its registrations are of interest: the service itself has stopped before the test begins.
        return new ServiceDatabase(typeof(TestDb), OptionsOf(service), Node.Create(), ContextScopes.For(world));
    }

    private static ReliableMqOptions OptionsOf(TestService service) => service.Host.Services.GetRequiredService<ReliableMqOptions>();

    private static Task StoreAsync(World world, int number) => world.Database.ExecuteAsync(
        """
        INSERT INTO reliable_mq.outbox (id, message_id, name, exchange, routing_key, content_type, body, created_at, available_at)
        SELECT gen_random_uuid(), 'm' || $1, 'tests.numbered.v1', 'tests', 'tests.numbered.v1', 'application/json', ''::bytea, clock_timestamp(), clock_timestamp()
        """, number);
}
