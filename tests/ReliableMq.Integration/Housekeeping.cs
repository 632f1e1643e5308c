using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Integration.Support;
using ReliableMq.Scheduling;
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
}
