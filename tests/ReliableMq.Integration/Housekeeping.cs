using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Integration.Support;
using ReliableMq.Scheduling;
using ReliableMq.Storage;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Housekeeping
{
    [Fact]
    public async Task Sent_messages_are_removed_when_they_have_been_kept_long_enough()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("target", "tests", "tests.numbered.v1");
        await using var service = await world.StartAsync();
        await service.SaveAsync(new Numbered(1));
        await Eventually.EqualAsync(1, () => world.CountAsync("outbox_history"), "rows in the history");
        // 2,500 made eight days ago, of which one was sent today because it had been scheduled.
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.outbox_history (id, message_id, name, exchange, routing_key, content_type, body, created_at, attempts, outcome, finished_at)
            SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp() - interval '8 days') * 1000)::bigint), 12, '0') || lpad(to_hex(number), 20, '0'))::uuid,
                   'm' || number, 'n', 'e', 'r', 'c', ''::bytea, clock_timestamp() - interval '8 days', 1, 'sent',
                   CASE number WHEN 7 THEN clock_timestamp() ELSE clock_timestamp() - interval '8 days' END
            FROM generate_series(1, 2500) AS number
            """);

        await service.Host.Services.GetServices<IScheduledWork>().Single(work => work.Name == "history-housekeeping").RunOnceAsync(CancellationToken.None);

        (await world.Database.QueryAsync<string>("SELECT message_id FROM reliable_mq.outbox_history ORDER BY id")).Count.ShouldBe(2);
        (await world.Database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM reliable_mq.outbox_history WHERE message_id = 'm7')")).ShouldBeTrue();
    }

    [Fact]
    public async Task Processes_that_ended_long_ago_are_forgotten()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();
        var own = service.Host.Services.GetRequiredService<ServiceDatabases>().All.Single().Node.Id;
        await Eventually.EqualAsync([own], () => NodesAsync(world), "processes");
        Guid late = Guid.CreateVersion7(), gone = Guid.CreateVersion7();
        await world.Database.ExecuteAsync(
            "INSERT INTO reliable_mq.node (id, service, host, heartbeat_at) VALUES ($1, 's', 'h', clock_timestamp() - interval '7 days'), ($2, 's', 'h', clock_timestamp() - interval '9 days')", late, gone);

        await service.Host.Services.GetServices<IScheduledWork>().Single(work => work.Name == "history-housekeeping").RunOnceAsync(CancellationToken.None);

        (await NodesAsync(world)).ShouldBe([own, late]);

        static Task<List<Guid>> NodesAsync(World world) => world.Database.QueryAsync<Guid>("SELECT id FROM reliable_mq.node ORDER BY heartbeat_at DESC");
    }

    [Fact]
    public async Task What_operators_are_done_with_is_removed_and_what_waits_stays()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.dead_letter (queue, message_id, epoch, name, exchange, routing_key, body, attempts, reason, dead_at, replayed_at)
            SELECT 'q', 'old ' || number, 0, 'n', '', '', ''::bytea, 1, 'r', clock_timestamp() - interval '40 days', clock_timestamp() - interval '31 days' FROM generate_series(1, 2500) AS number
            UNION ALL SELECT 'q', 'waits', 0, 'n', '', '', ''::bytea, 1, 'r', clock_timestamp() - interval '400 days', NULL
            UNION ALL SELECT 'q', 'replayed lately', 0, 'n', '', '', ''::bytea, 1, 'r', clock_timestamp() - interval '400 days', clock_timestamp() - interval '29 days'
            UNION ALL SELECT 'q', 'on its way', 0, 'n', '', '', ''::bytea, 1, 'r', clock_timestamp() - interval '400 days', clock_timestamp() - interval '31 days';
            INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state) VALUES ('q', 'on its way', 1, 0, 'scheduled'), ('q', 'waits', 0, 1, 'dead');
            INSERT INTO reliable_mq.replay (filter, per_second, beyond_horizon, requested_by, requested_at, finished_at, next_at)
            SELECT '{}', 1, false, who, clock_timestamp() - interval '31 days', clock_timestamp() - ago, 'infinity'
            FROM (VALUES ('old', interval '31 days'), ('new', interval '29 days'), ('runs', NULL)) AS r (who, ago);
            INSERT INTO reliable_mq.audit (at, who, action, target) SELECT clock_timestamp() - ago, who, 'a', 't' FROM (VALUES ('old', interval '366 days'), ('new', interval '364 days')) AS a (who, ago);
            """);

        await service.Host.Services.GetServices<IScheduledWork>().Single(work => work.Name == "dead-letter-housekeeping").RunOnceAsync(CancellationToken.None);

        (await world.Database.QueryAsync<string>("SELECT message_id FROM reliable_mq.dead_letter ORDER BY message_id")).ShouldBe(["on its way", "replayed lately", "waits"]);
        (await world.Database.QueryAsync<string>("SELECT requested_by FROM reliable_mq.replay ORDER BY id")).ShouldBe(["new", "runs"]);
        (await world.Database.QueryAsync<string>("SELECT who FROM reliable_mq.audit")).ShouldBe(["new"]);
        (await world.CountAsync("failure")).ShouldBe(2);
    }
}
