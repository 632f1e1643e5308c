using Npgsql;
using NpgsqlTypes;

namespace ReliableMq.Outbox;

/// <summary>The statements that operators cause. They run seldom and read as much of the outbox as their filter asks for.</summary>
internal sealed class PendingSql(string schema, PendingMessageFilter filter)
{
    /// <summary>Should this process stand still, its locks would keep keys from all others, for hours. A shorter limit of the database stays.</summary>
    public const string BoundIdle =
        """
        SELECT set_config('idle_in_transaction_session_timeout', CASE WHEN s.idle::interval BETWEEN '1 ms' AND '10 s' THEN s.idle ELSE '10s' END, true)
        FROM (SELECT current_setting('idle_in_transaction_session_timeout')) AS s (idle)
        """;

    private const string State =
        "CASE WHEN o.failed_at IS NOT NULL THEN 3 WHEN o.error_kind IS NOT NULL THEN 2 WHEN o.due_at > clock_timestamp() THEN 1 ELSE 0 END";

    /// <summary>A row that nobody sends this moment. In the order of a key it is the key that is held or free.</summary>
    private const string IsFree = "(o.ordered OR o.node IS NULL OR o.available_at <= clock_timestamp())";

    private string Matches { get; } = string.Join(" AND ", new[]
    {
        "true",
        filter.MessageId is null ? "" : OutboxSql.HasMessageId,
        // Lets the index of scheduled messages be used.
        filter.State is PendingState.Scheduled ? "o.due_at > clock_timestamp()" : "",
        filter.State is null ? "" : $"({State}) = @state",
        filter.MessageName is null ? "" : "o.name = @name",
        filter.OrderingKey is null ? "" : "o.ordering_key = @ordering_key",
        filter.Rows is null ? "" : "o.id = ANY (@rows)",
        filter.CorrelationId is null ? "" : "o.correlation_id = @correlation_id",
        filter.Destination is null ? "" : "(o.exchange = @destination OR o.exchange = '' AND o.routing_key = @destination)",
        filter.ErrorKind is null ? "" : "o.error_kind = @error_kind",
        filter.Text is null ? "" : "strpos(lower(o.error COLLATE \"C\"), lower(@text COLLATE \"C\")) > 0",
        filter.StoredFrom is null ? "" : "o.created_at >= @from",
        filter.StoredUntil is null ? "" : "o.created_at < @until",
    }.Where(condition => condition.Length > 0));

    /// <summary>By primary key, which is the order of storing.</summary>
    public string Page =>
        $"""
        SELECT o.id, o.message_id, o.name, {State}, o.exchange, o.routing_key, o.ordering_key, o.correlation_id, o.created_at, o.due_at,
               CASE WHEN NOT o.ordered THEN nullif(o.available_at, 'infinity') ELSE nullif(k.available_at, 'infinity') END, o.attempts, o.error_kind, o.error
        FROM {schema}.outbox o
        LEFT JOIN {schema}.outbox_key k ON k.ordering_key = o.ordering_key AND o.error_kind IS NOT NULL AND o.ordered
        WHERE o.id > @after AND {Matches}
        ORDER BY o.id
        LIMIT @limit
        """;

    /// <summary>The next rows to act on, with the keys that some of them wait behind.</summary>
    public string Candidates =>
        $"""
        SELECT o.id, CASE WHEN o.ordered THEN o.ordering_key END FROM {schema}.outbox o
        WHERE o.id > @after AND {Matches} AND {IsFree}
        ORDER BY o.id
        LIMIT @limit
        """;

    /// <summary>A key that is not entered is entered, so that it can be locked.</summary>
    public string EnterKeys =>
        $"""
        INSERT INTO {schema}.outbox_key (ordering_key, token, available_at)
        SELECT ordering_key, gen_random_uuid(), clock_timestamp() FROM unnest(@keys) AS w (ordering_key)
        ORDER BY ordering_key COLLATE "C"
        ON CONFLICT (ordering_key) DO NOTHING
        """;

    /// <summary>Of those keys, the ones that nobody holds. They are locked before the rows, because whoever claims a key reads its rows afterwards.</summary>
    public string LockKeys =>
        $"""
        SELECT ordering_key FROM {schema}.outbox_key
        WHERE ordering_key = ANY (@keys) AND (node IS NULL OR available_at <= clock_timestamp())
        ORDER BY ordering_key
        FOR UPDATE SKIP LOCKED
        """;

    /// <summary>Of those rows, the ones that are still what was asked for and that nobody can begin to send now. Headers of what goes to a queue directly.</summary>
    public string LockRows =>
        $"""
        SELECT o.id, CASE WHEN o.exchange = '' THEN o.headers END FROM {schema}.outbox o
        WHERE o.id = ANY (@ids) AND {Matches} AND {IsFree}
          AND (NOT o.ordered OR o.ordering_key = ANY (@keys))
        ORDER BY o.id
        FOR UPDATE SKIP LOCKED
        """;

    /// <summary>
    /// A copy that was to go back to its queue no longer holds back its ordering key there. Where it was the copy of a
    /// replay, its dead letter waits again; else the message becomes a dead letter that is discarded, so that it is found.
    /// A copy of an older epoch, whose confirm was lost, is neither: what happens next is another row.
    /// </summary>
    public string Cancel =>
        $"""
        WITH finished AS (DELETE FROM {schema}.outbox o WHERE o.id = ANY (@ids) RETURNING o.*),
        copies AS (SELECT o.*, a.epoch FROM finished o JOIN unnest(@ids, @epochs) AS a (id, epoch) ON a.id = o.id WHERE o.exchange = ''),
        unreplayed AS (
            UPDATE {schema}.dead_letter d SET replayed_at = NULL FROM copies c, {schema}.failure f
            WHERE f.queue = c.routing_key AND f.message_id = c.message_id AND f.epoch = c.epoch AND f.state = 'scheduled'
              AND d.queue = f.queue AND d.message_id = f.message_id AND d.epoch = f.epoch - 1 AND d.replayed_at IS NOT NULL
            RETURNING d.queue, d.message_id, d.epoch),
        freed AS (
            UPDATE {schema}.failure f
            SET ordering_key = NULL, next_attempt_at = NULL, state = CASE WHEN u.epoch IS NULL THEN 'discarded' ELSE 'dead' END, epoch = coalesce(u.epoch, f.epoch)
            FROM copies c LEFT JOIN unreplayed u ON u.queue = c.routing_key AND u.message_id = c.message_id
            WHERE f.queue = c.routing_key AND f.message_id = c.message_id AND f.epoch = c.epoch AND f.state = 'scheduled'
            RETURNING f.*),
        given_up AS (
            INSERT INTO {schema}.dead_letter
                (queue, message_id, epoch, name, exchange, routing_key, content_type, headers, body, correlation_id, reply_to, priority,
                 attempts, reason, error_type, error, discarded_at, history)
            SELECT f.queue, f.message_id, f.epoch, o.name, '', f.queue, o.content_type, o.headers, o.body, o.correlation_id, o.reply_to, o.priority,
                   f.attempts, 'Its next attempt was cancelled.', f.error_type, f.error, clock_timestamp(), f.history
            FROM freed f JOIN copies o ON o.routing_key = f.queue AND o.message_id = f.message_id AND o.epoch = f.epoch
            WHERE f.state = 'discarded'
            ON CONFLICT DO NOTHING)
        {OutboxSql.MoveToHistory(schema, "finished")}
        """;

    /// <summary>A row in the order of its key stays there; the key is what becomes available.</summary>
    public string SendNow =>
        $"""
        UPDATE {schema}.outbox o
        SET available_at = CASE WHEN o.ordered THEN 'infinity' ELSE clock_timestamp() END,
            due_at = CASE WHEN o.due_at > clock_timestamp() THEN clock_timestamp() ELSE o.due_at END, attempts = CASE WHEN o.failed_at IS NULL THEN o.attempts ELSE 0 END,
            failed_at = NULL, node = NULL
        WHERE o.id = ANY (@ids)
        """;

    /// <summary>
    /// Whoever held the key and stood still for longer than its lease is refused from now on, as by a claim: what it writes
    /// next, by a snapshot older than this, would remove the key or send it to wait for an operator.
    /// </summary>
    public string OfferKeys => $"UPDATE {schema}.outbox_key SET node = NULL, token = gen_random_uuid(), available_at = clock_timestamp() WHERE ordering_key = ANY (@keys)";

    /// <summary>A command with the filter's parameters.</summary>
    public NpgsqlCommand Command(string sql, NpgsqlConnection connection)
    {
        var command = new NpgsqlCommand(sql, connection);
        Add("message_id", filter.MessageId);
        if (filter.MessageId is { } messageId)
        {
            command.Parameters.Add(OutboxSql.RowOf(messageId));
        }

        Add("name", filter.MessageName);
        Add("ordering_key", filter.OrderingKey);
        Add("correlation_id", filter.CorrelationId);
        Add("destination", filter.Destination);
        Add("error_kind", filter.ErrorKind);
        Add("text", filter.Text);
        AddTime("from", filter.StoredFrom);
        AddTime("until", filter.StoredUntil);
        if (filter.Rows is { } rows)
        {
            command.Parameters.Add(new NpgsqlParameter<Guid[]>("rows", [.. rows]));
        }

        if (filter.State is { } state)
        {
            command.Parameters.Add(new NpgsqlParameter("state", NpgsqlDbType.Integer) { Value = (int)state });
        }

        return command;

        void AddTime(string name, DateTimeOffset? value)
        {
            if (value is { } time)
            {
                command.Parameters.Add(new NpgsqlParameter(name, NpgsqlDbType.TimestampTz) { Value = time.UtcDateTime });
            }
        }

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                command.Parameters.Add(new NpgsqlParameter<string>(name, value));
            }
        }
    }
}
