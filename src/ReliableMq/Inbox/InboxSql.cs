using ReliableMq.Failing;

namespace ReliableMq.Inbox;

/// <summary>Every statement on <c>inbox</c>. All by primary key, and keys by the indexes <c>failure_ordered</c> and <c>parked_order</c>.</summary>
internal sealed class InboxSql(string schema)
{
    /// <summary>Bounds the wait for another delivery of the same message, and nothing else.</summary>
    public string BoundWait { get; } = "SET LOCAL lock_timeout = '5s'";

    public string UnboundWait { get; } = "SET LOCAL lock_timeout TO DEFAULT";

    /// <summary>Two at once wait here for one another. A row comes back for the one that may run.</summary>
    public string Insert { get; } =
        $"INSERT INTO {schema}.inbox (queue, message_id) VALUES (@queue, @message_id) ON CONFLICT DO NOTHING RETURNING 1";

    /// <summary>Takes back what the same transaction has inserted, so that those who waited for it may run when it ends.</summary>
    public string TakeBack { get; } = $"DELETE FROM {schema}.inbox WHERE queue = @queue AND message_id = @message_id";

    /// <summary>Rows come back for those that may run. The ids are sorted.</summary>
    public string InsertMany { get; } =
        $"""
        INSERT INTO {schema}.inbox (queue, message_id) SELECT @queue, unnest(@message_ids)
        ON CONFLICT DO NOTHING RETURNING message_id
        """;

    /// <summary>Those that failed before.</summary>
    public string HaveStanding { get; } =
        $"SELECT message_id FROM {schema}.failure WHERE queue = @queue AND message_id = ANY(@message_ids)";

    /// <summary>Where the message stands, if it ever failed.</summary>
    public string Standing { get; } =
        $"""
        SELECT epoch, attempts, state, next_attempt_at - clock_timestamp(), ordering_key FROM {schema}.failure
        WHERE queue = @queue AND message_id = @message_id
        """;

    /// <summary>The same, and always a row: whether the message's ordering key is held back.</summary>
    public string StandingInOrder { get; } =
        $"""
        SELECT f.epoch, f.attempts, f.state, f.next_attempt_at - clock_timestamp(), f.ordering_key, k.held
        FROM (SELECT {ParkedSql.IsHeld(schema)} AS held) AS k
        LEFT JOIN {schema}.failure f ON f.queue = @queue AND f.message_id = @message_id
        """;

    public string IsDone { get; } =
        $"SELECT EXISTS (SELECT FROM {schema}.inbox WHERE queue = @queue AND message_id = @message_id)";
}
