using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Integration.Support;
using ReliableMq.Scheduling;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Rows_due_long_ago
{
    [Fact]
    public async Task What_is_committed_long_after_its_lease_is_found_by_the_resend()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("target", "tests", "tests.numbered.v1");
        await using var service = await world.StartAsync(setup => setup.Settings["Outbox:PollInterval"] = "00:00:00.100");
        await service.SaveAsync(new Numbered(1));
        await Eventually.EqualAsync(1, () => world.CountAsync("outbox_history"), "sent");
        await Eventually.TrueAsync(() => world.Database.ScalarAsync<bool>("SELECT heartbeat_at > started_at FROM reliable_mq.node"), "a poll has looked through what was due");

        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.outbox (id, message_id, name, exchange, routing_key, content_type, body, created_at, available_at)
            SELECT gen_random_uuid(), 'late', name, exchange, routing_key, content_type, body, created_at, clock_timestamp() - interval '1 hour'
            FROM reliable_mq.outbox_history
            """);
        await service.Host.Services.GetServices<IScheduledWork>().Single(work => work.Name == "resend").RunOnceAsync(CancellationToken.None);

        await Eventually.EqualAsync(2, () => world.CountAsync("outbox_history"), "sent");
    }

    [Fact]
    public async Task Housekeeping_goes_on_where_it_was_while_an_old_transaction_is_open()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.outbox_history (id, message_id, name, exchange, routing_key, content_type, body, created_at, attempts, outcome, finished_at)
            SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp() - interval '8 days') * 1000)::bigint), 12, '0') || lpad(to_hex(number), 20, '0'))::uuid,
                   'm' || number, 'n', 'e', 'r', 'c', ''::bytea, clock_timestamp() - interval '8 days', 1, 'sent', clock_timestamp() - interval '8 days'
            FROM generate_series(1, 30000) AS number
            """);
        await world.Database.ExecuteAsync("ANALYZE reliable_mq.outbox_history");
        await using var old = await world.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await old.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        await using (var look = new Npgsql.NpgsqlCommand("SELECT count(*) FROM reliable_mq.outbox_history", old, transaction))
        {
            await look.ExecuteScalarAsync();
        }

        await service.Host.Services.GetServices<IScheduledWork>().Single(work => work.Name == "history-housekeeping").RunOnceAsync(CancellationToken.None);

        (await world.CountAsync("outbox_history")).ShouldBe(0);
        // From the beginning each time, thirty batches would have read 30,000 entries fifteen times over.
        await Eventually.EqualAsync(30_000, () => world.Database.ScalarAsync<long>("SELECT n_tup_del FROM pg_stat_user_tables WHERE relname = 'outbox_history'"), "the server tells its numbers");
        (await world.Database.ScalarAsync<long>("SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'outbox_history_pkey'")).ShouldBeLessThan(100_000);
    }
}
