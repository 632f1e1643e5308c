namespace ReliableMq.Diagnostics;

/// <summary>Every statement on <c>node_minute</c>. Primary key.</summary>
internal sealed class FlowSql(string schema)
{
    /// <summary>Whole numbers of the minute, so that one whose answer was lost is written again without harm.</summary>
    public string Write { get; } =
        $"""
        INSERT INTO {schema}.node_minute (minute, node, committed, sent, handled, failed, dead_lettered, confirm, handle)
        VALUES (@minute, @node, @committed, @sent, @handled, @failed, @dead_lettered, @confirm, @handle)
        ON CONFLICT (minute, node) DO UPDATE
        SET committed = excluded.committed, sent = excluded.sent, handled = excluded.handled, failed = excluded.failed, dead_lettered = excluded.dead_lettered,
            confirm = excluded.confirm, handle = excluded.handle
        """;

    /// <summary>The oldest thousand of those that are old enough.</summary>
    public string Remove { get; } =
        $"""
        DELETE FROM {schema}.node_minute
        WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM {schema}.node_minute WHERE minute < (SELECT clock_timestamp()) - interval '8 days' ORDER BY minute LIMIT 1000 FOR UPDATE SKIP LOCKED))
        """;
}
