using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.Outbox;
using ReliableMq.Storage;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>What goes wrong on the way out stays where it belongs: with one message, one destination, one statement.</summary>
public class Sending_that_goes_wrong
{
    private const string Queue = "numbers", Route = "tests.numbered.v1";

    [Fact]
    public async Task A_single_message_that_nobody_takes_is_tried_less_and_less_often()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();

        await service.SaveAsync(new Numbered(1));

        // The first delays are of half a second to four.
        await Eventually.TrueAsync(() => world.Database.ScalarAsync<bool>("SELECT coalesce(bool_or(attempts < 7 AND available_at > clock_timestamp() + interval '3 s'), false) FROM reliable_mq.outbox"),
            "a longer delay", TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task What_a_dead_process_held_is_called_back_when_its_destination_recovers()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();
        await service.SaveAsync(new Numbered(-1));
        await Eventually.TrueAsync(() => world.Database.ScalarAsync<bool>("SELECT coalesce(bool_or(attempts > 3), false) FROM reliable_mq.outbox"), "the destination is paused for seconds");

        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.outbox (id, message_id, name, exchange, routing_key, content_type, body, created_at, available_at, node)
            SELECT gen_random_uuid(), 'm' || n, 'tests.numbered.v1', 'tests', 'tests.numbered.v1', 'application/json', convert_to('{"number":' || n || '}', 'UTF8'),
                   clock_timestamp(), clock_timestamp() - interval '1 s', gen_random_uuid()
            FROM generate_series(1, 1500) AS n
            """);
        await Eventually.EqualAsync(0, () => world.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.outbox WHERE available_at <= clock_timestamp()"), "rows in front of others", TimeSpan.FromMinutes(1));
        await world.BindPlainQueueAsync(Queue, "tests", Route);

        // Set aside for 7.5 minutes and more.
        await Eventually.EqualAsync(1501u, () => world.ReadyAsync(Queue), "messages sent", TimeSpan.FromMinutes(3));
    }

    [Fact]
    public async Task What_the_broker_has_is_not_sent_again_because_the_database_could_not_be_asked()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync(Queue, "tests", Route);
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        await using var service = await world.StartAsync(setup =>
        {
            setup.Through(proxy);
            setup.Settings["Outbox:PollInterval"] = "1s";
        });
        await service.SaveAsync(new Numbered(0));
        await Eventually.EqualAsync(1L, () => world.CountAsync("outbox_history"), "messages recorded as sent");

        proxy.Latency = TimeSpan.FromSeconds(3);
        await service.SaveAsync(new Numbered(1));
        await Eventually.EqualAsync(2u, () => world.ReadyAsync(Queue), "messages at the broker");
        await world.Database.ExecuteAsync("ALTER TABLE reliable_mq.outbox RENAME TO outbox_away");
        // The poll has failed, or the confirm has come before the next one.
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id is 2002 or 2004), "the database could not be asked");
        await world.Database.ExecuteAsync("ALTER TABLE reliable_mq.outbox_away RENAME TO outbox");

        await Eventually.EqualAsync(2L, () => world.CountAsync("outbox_history"), "messages recorded as sent", TimeSpan.FromMinutes(1));
        proxy.Latency = TimeSpan.Zero;
        (await world.ReadyAsync(Queue)).ShouldBe(2u);
    }

    [Fact]
    public async Task Outcomes_that_take_too_long_together_are_recorded_in_parts()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync(Queue, "tests", Route);
        await using var service = await world.StartAsync(setup =>
            setup.ConnectionString = new NpgsqlConnectionStringBuilder(setup.ConnectionString) { CommandTimeout = 3 }.ConnectionString);
        await service.SaveAsync(new Numbered(0));
        await Eventually.EqualAsync(1L, () => world.CountAsync("outbox_history"), "messages recorded as sent");
        await world.Database.ExecuteAsync(
            """
            CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END $$;
            CREATE TRIGGER slow BEFORE INSERT ON reliable_mq.outbox_history FOR EACH ROW EXECUTE FUNCTION slow();
            """);

        await service.SaveAsync([.. Enumerable.Range(1, 40).Select(number => new Numbered(number))]);

        await Eventually.EqualAsync(41L, () => world.CountAsync("outbox_history"), "messages recorded as sent", TimeSpan.FromMinutes(2));
        (await world.CountAsync("outbox")).ShouldBe(0);
    }

    [Fact]
    public async Task A_row_that_a_trigger_refuses_hurts_only_itself()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync(Queue, "tests", Route);
        await using var service = await world.StartAsync();
        await service.SaveAsync(new Numbered(0));
        await Eventually.EqualAsync(1L, () => world.CountAsync("outbox_history"), "messages recorded as sent");
        await world.Database.ExecuteAsync(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF convert_from(NEW.body, 'UTF8') ~ ':7[^0-9]' THEN RAISE EXCEPTION 'seven'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON reliable_mq.outbox_history FOR EACH ROW EXECUTE FUNCTION refuse();
            """);

        await service.SaveAsync([.. Enumerable.Range(1, 20).Select(number => new Numbered(number))]);

        await Eventually.EqualAsync(20L, () => world.CountAsync("outbox_history"), "messages recorded as sent");
        (await world.CountAsync("outbox")).ShouldBe(1);
    }

    [Fact]
    public async Task Sending_goes_on_when_a_trigger_that_refused_all_is_mended()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync(Queue, "tests", Route);
        await using var service = await world.StartAsync();
        await service.SaveAsync(new Numbered(0));
        await Eventually.EqualAsync(1L, () => world.CountAsync("outbox_history"), "messages recorded as sent");
        await world.Database.ExecuteAsync(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'nothing'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON reliable_mq.outbox_history FOR EACH ROW EXECUTE FUNCTION refuse();
            """);
        await service.SaveAsync([.. Enumerable.Range(1, 20).Select(number => new Numbered(number))]);
        await Eventually.TrueAsync(() => service.Logs.Entries.Count(entry => entry.EventId.Id == 2007) >= 20, "each is refused");
        await world.Database.ExecuteAsync("DROP TRIGGER refuse ON reliable_mq.outbox_history");

        await service.SaveAsync(new Numbered(21));

        await Eventually.TrueAsync(() => world.Database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM reliable_mq.outbox_history WHERE convert_from(body, 'UTF8') ~ ':21[^0-9]')"), "the next message is recorded");
    }

    [Fact]
    public async Task A_row_that_somebody_has_locked_hurts_only_itself()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync(Queue, "tests", Route);
        await using var service = await world.StartAsync(setup =>
            setup.ConnectionString = new NpgsqlConnectionStringBuilder(setup.ConnectionString) { CommandTimeout = 1 }.ConnectionString);
        await service.SaveAsync(new Numbered(0));
        await Eventually.EqualAsync(1L, () => world.CountAsync("outbox_history"), "messages recorded as sent");
        await world.Database.ExecuteAsync(
            """
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF convert_from(NEW.body, 'UTF8') ~ ':7[^0-9]' THEN PERFORM pg_advisory_xact_lock_shared(1); END IF;
                RETURN NEW; END $$;
            CREATE TRIGGER wait BEFORE INSERT ON reliable_mq.outbox_history FOR EACH ROW EXECUTE FUNCTION wait();
            """);
        await using var locking = await world.Database.DataSource.OpenConnectionAsync();
        await using var held = await locking.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("SELECT pg_advisory_xact_lock(1)", locking, held))
        {
            await hold.ExecuteNonQueryAsync();
        }

        await service.SaveAsync([.. Enumerable.Range(1, 20).Select(number => new Numbered(number))]);
        await Eventually.EqualAsync(20L, () => world.CountAsync("outbox_history"), "messages recorded as sent", TimeSpan.FromMinutes(1));
        await service.SaveAsync(new Numbered(21));

        await Eventually.EqualAsync(21L, () => world.CountAsync("outbox_history"), "messages recorded as sent");
        (await world.CountAsync("outbox")).ShouldBe(1);
    }

    [Fact]
    public async Task Processes_that_write_the_same_keys_do_not_lock_each_other_out()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.outbox (id, message_id, name, exchange, routing_key, content_type, body, created_at, available_at, ordering_key, ordered)
            SELECT gen_random_uuid(), 'm' || n, 'tests.numbered.v1', 'tests', 'tests.numbered.v1', 'application/json', '{}', clock_timestamp(), 'infinity', 'k' || n, true FROM generate_series(1, 300) AS n;
            INSERT INTO reliable_mq.outbox_key (ordering_key, node, token, available_at)
            SELECT 'k' || n, gen_random_uuid(), gen_random_uuid(), clock_timestamp() + interval '1 h' FROM generate_series(1, 300) AS n
            """);
        var leases = await world.Database.QueryAsync("SELECT ordering_key, token FROM reliable_mq.outbox_key", row => new KeyLease(row.GetString(0), row.GetGuid(1)));
        var table = new KeyTable(service.Host.Services.GetRequiredService<ServiceDatabases>().All.Single());

        await Task.WhenAll(
            AdvanceAsync(leases), AdvanceAsync([.. leases.AsEnumerable().Reverse()]),
            Task.Run(async () =>
            {
                for (var time = 0; time < 60; time++)
                {
                    await table.EnrollAsync(leases.Select(lease => lease.OrderingKey), claim: false, CancellationToken.None);
                }
            }));

        async Task AdvanceAsync(IReadOnlyList<KeyLease> held)
        {
            for (var time = 0; time < 60; time++)
            {
                await table.AdvanceAsync(held, run: 1, CancellationToken.None);
            }
        }
    }
}
