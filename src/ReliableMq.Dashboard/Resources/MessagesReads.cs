using ReliableMq.Dashboard.Services;

namespace ReliableMq.Dashboard.Resources;

/// <summary>
/// Everything that knows a message. The queues of a service are few, so the primary keys that begin with the queue find a
/// message id; the history has an index for each id. Of <c>outbox</c> a message is found by its id, and what else is
/// asked for among the newest.
/// </summary>
internal static class MessagesReads
{
    /// <summary>So many are looked at for a text in their errors, of what fails and of what is dead each.</summary>
    public const int MostLooked = 5_000;

    private static string Queues(string schema) => $"queue IN (SELECT DISTINCT c.queue FROM {schema}.consumer_setting c)";

    /// <summary>Lets the primary keys that begin with the queue find what is not known to be of one.</summary>
    public static string Queues(string schema, string table) => $"{table}.{Queues(schema)}";

    private static string NewestOf(string schema) => $"(SELECT * FROM {schema}.outbox n ORDER BY n.id DESC LIMIT {OutboxReads.MostLooked})";

    /// <summary>Newest first: by message id, and by another column, of what has not left among the newest.</summary>
    public static string Outbox(string schema, string other) =>
        $"""
        SELECT id, message_id, name, exchange, routing_key, correlation_id, causation_id, created_at, due_at, attempts, error_kind, error, failed_at,
               CASE WHEN failed_at IS NOT NULL THEN 'Failed' WHEN error_kind IS NOT NULL THEN 'Retrying' WHEN due_at > clock_timestamp() THEN 'Scheduled' ELSE 'Pending' END, NULL::timestamptz, ordering_key
        FROM (SELECT * FROM {schema}.outbox o WHERE {OutboxReads.HasMessageId("@value")}
              UNION ALL
              SELECT * FROM {NewestOf(schema)} AS newest WHERE {other} = @value AND message_id <> @value) AS waiting
        UNION ALL
        SELECT id, message_id, name, exchange, routing_key, correlation_id, causation_id, created_at, due_at, attempts, NULL, NULL, NULL, initcap(outcome), finished_at, ordering_key
        FROM {schema}.outbox_history WHERE message_id = @value OR {other} = @value
        ORDER BY 1 DESC
        LIMIT @limit
        """;

    public static string Failure(string schema) =>
        $"SELECT queue, message_id, epoch, attempts, state, next_attempt_at, error_type, error, first_failed_at, last_failed_at FROM {schema}.failure WHERE {Queues(schema)} AND message_id = @value";

    public static string Inbox(string schema) => $"SELECT queue, message_id, epoch, handled_at FROM {schema}.inbox WHERE {Queues(schema)} AND message_id = @value";

    public static string DeadLetters(string schema) =>
        $"SELECT queue, message_id, epoch, name, reason, attempts, dead_at, discarded_at, replayed_at, correlation_id FROM {schema}.dead_letter WHERE {Queues(schema)} AND message_id = @value ORDER BY epoch";

    public static string Parked(string schema) => $"SELECT queue, message_id, ordering_key, parked_at, name, correlation_id FROM {schema}.parked WHERE {Queues(schema)} AND message_id = @value";

    /// <summary>By what is short among all, by a part of an error among the newest.</summary>
    public static string DeadByText(string schema) =>
        $"""
        SELECT queue, message_id, epoch, name, dead_at, coalesce(error, reason), discarded_at, replayed_at, CASE WHEN correlation_id = @value THEN 'correlationId' WHEN name = @value THEN 'name' ELSE 'error' END
        FROM {schema}.dead_letter
        WHERE dead_at >= @from AND dead_at < @until
          AND (correlation_id = @value OR name = @value
               OR dead_at >= coalesce((SELECT n.dead_at FROM {schema}.dead_letter n WHERE n.dead_at >= @from AND n.dead_at < @until ORDER BY n.dead_at DESC OFFSET {MostLooked - 1} LIMIT 1), '-infinity')
                  AND ({Columns.Holds("reason", "@value")} OR {Columns.Holds("error", "@value")}))
        ORDER BY dead_at DESC
        LIMIT @limit
        """;

    public static string FailingByText(string schema) =>
        $"""
        SELECT queue, message_id, state, last_failed_at, error
        FROM (SELECT * FROM {schema}.failure WHERE state IN ('failing', 'scheduled') AND last_failed_at >= @from AND last_failed_at < @until ORDER BY last_failed_at DESC LIMIT {MostLooked}) AS newest
        WHERE (ordering_key = @value OR {Columns.Holds("error", "@value")})
        ORDER BY last_failed_at DESC
        LIMIT @limit
        """;

    /// <summary>Of what has not left, among the newest and the last that failed; the history has no index for these.</summary>
    public static string OutboxByText(string schema) =>
        $"""
        SELECT id, message_id, name, routing_key, created_at,
               CASE WHEN failed_at IS NOT NULL THEN 'failed' WHEN error_kind IS NOT NULL THEN 'retrying' WHEN due_at > clock_timestamp() THEN 'scheduled' ELSE 'pending' END,
               CASE WHEN name = @value THEN 'name' WHEN ordering_key = @value THEN 'orderingKey' ELSE 'error' END, error
        FROM (SELECT * FROM {NewestOf(schema)} AS newest
              UNION
              (SELECT * FROM {schema}.outbox f WHERE f.failed_at IS NOT NULL ORDER BY f.failed_at DESC LIMIT {MostLooked})) AS looked
        WHERE created_at >= @from AND created_at < @until AND (name = @value OR ordering_key = @value OR {Columns.Holds("error", "@value")})
        ORDER BY id DESC
        LIMIT @limit
        """;
}
