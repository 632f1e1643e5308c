using ReliableMq.Faults.Running;
using ReliableMq.TestSupport;

namespace ReliableMq.Faults.Checking;

/// <summary>
/// What has to be gone when everything is quiet. The only place that looks at tables and queues of the library, because
/// a row that stays claimed is nothing that a business table shows.
/// </summary>
internal sealed class LeftOvers(TestDatabase sending, TestDatabase handling, TestVirtualHost broker)
{
    private static readonly (string What, string Sql)[] OfBoth =
    [
        ("messages in the outbox", "SELECT count(*) FROM reliable_mq.outbox"),
        ("ordering keys in the outbox", "SELECT count(*) FROM reliable_mq.outbox_key"),
        ("alerts not gathered", "SELECT count(*) FROM reliable_mq.alert_raise"),
    ];

    private static readonly (string What, string Sql)[] OfHandling =
    [
        ("messages that fail", "SELECT count(*) FROM reliable_mq.failure WHERE state IN ('failing', 'scheduled')"),
        ("parked messages", "SELECT count(*) FROM reliable_mq.parked"),
        ("replays under way", "SELECT count(*) FROM reliable_mq.replay WHERE finished_at IS NULL"),
        ("alerts never told", "SELECT count(*) FROM reliable_mq.alert a WHERE NOT EXISTS (SELECT FROM reliable_mq.alert_telling t WHERE t.alert_id = a.id AND t.tellings > 0)"),
        ("dead letters of which no alert was told", "SELECT count(*) FROM (SELECT FROM reliable_mq.dead_letter WHERE NOT EXISTS (SELECT FROM told) LIMIT 1) AS d"),
    ];

    public Task<List<Finding>> LookAsync() => Patiently.DoAsync(async () =>
    {
        var findings = new List<Finding>();
        foreach (var (service, database, checks) in new[] { ("producers", sending, OfBoth), ("consumers", handling, [.. OfBoth, .. OfHandling]) })
        {
            foreach (var (what, sql) in checks)
            {
                if (await database.ScalarAsync<long>(sql) is > 0 and var count)
                {
                    findings.Add(new Finding(Rule.LeftOver, $"{count} {what} of the {service}"));
                }
            }
        }

        foreach (var queue in await broker.ListQueuesAsync())
        {
            if (queue.Messages is > 0 and var count)
            {
                findings.Add(new Finding(Rule.LeftOver, $"{count} messages in the queue {queue.Name}, {queue.MessagesUnacknowledged} of them unacknowledged"));
            }
        }

        return findings;
    });
}
