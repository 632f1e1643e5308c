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
        ("alerts never told", "SELECT count(*) FROM reliable_mq.alert a WHERE NOT EXISTS (SELECT FROM told t WHERE (t.alert_id, t.kind, t.group_key) = (a.id, a.kind, a.group_key))"),
    ];

    private static readonly (string What, string Sql)[] OfHandling =
    [
        ("replays under way", "SELECT count(*) FROM reliable_mq.replay WHERE finished_at IS NULL"),
        ("dead letters that no alert counts", "SELECT greatest(0, (SELECT count(*) FROM reliable_mq.dead_letter) - (SELECT coalesce(sum(count), 0) FROM reliable_mq.alert WHERE kind = 'dead-letter'))::bigint"),
    ];

    /// <summary>What nobody will ever deliver again where a fault took it from the broker.</summary>
    private static readonly (string What, string Sql)[] OfHandlingUnlessTaken =
    [
        ("messages that fail", "SELECT count(*) FROM reliable_mq.failure WHERE state IN ('failing', 'scheduled')"),
        ("parked messages", "SELECT count(*) FROM reliable_mq.parked"),
    ];

    /// <param name="isTaken">Whether a fault took messages that the broker had confirmed.</param>
    public Task<List<Finding>> LookAsync(bool isTaken = false) => Patiently.DoAsync(async () =>
    {
        var findings = new List<Finding>();
        foreach (var (service, database, checks) in new[] { ("producers", sending, OfBoth), ("consumers", handling, [.. OfBoth, .. OfHandling, .. isTaken ? [] : OfHandlingUnlessTaken]) })
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
