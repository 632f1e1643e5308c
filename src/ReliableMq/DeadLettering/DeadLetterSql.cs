using ReliableMq.Failing;

namespace ReliableMq.DeadLettering;

/// <summary>Every statement on <c>dead_letter</c>.</summary>
internal sealed class DeadLetterSql(string schema)
{
    /// <summary>
    /// Stores a dead letter once: the verdict's and the one that the broker brings later are the same by
    /// queue, message id and epoch. Primary key. The type is cut to what an index holds: that of a generic one has no end.
    /// The history has the attempts before the one whose error this is.
    /// </summary>
    public string Insert { get; } =
        $"""
        INSERT INTO {schema}.dead_letter
            (queue, message_id, epoch, name, exchange, routing_key, content_type, headers, body, correlation_id, reply_to, priority,
             attempts, reason, error_type, error, discarded_at, history)
        VALUES (@queue, @message_id, @epoch, @name, @exchange, @routing_key, @content_type, @headers, @body, @correlation_id, @reply_to, @priority,
                @attempts, @reason, left(@error_type, 500), @error, CASE WHEN @discarded THEN clock_timestamp() END,
                (SELECT CASE WHEN f.attempts > 0 AND f.error_type IS NOT NULL AND f.error IS DISTINCT FROM @error THEN {FailureSql.History} ELSE f.history END
                 FROM {schema}.failure f WHERE f.queue = @queue AND f.message_id = @message_id))
        ON CONFLICT (queue, message_id, epoch) DO NOTHING
        """;

    /// <summary>How the message was handled, if it was, and where it stands, if it ever failed. Always a row. Primary keys.</summary>
    public string Look { get; } =
        $"""
        SELECT i.fingerprint, i.epoch, f.epoch, f.state, f.fingerprint
        FROM (SELECT 1) AS one
        LEFT JOIN {schema}.inbox i ON i.queue = @queue AND i.message_id = @message_id
        LEFT JOIN {schema}.failure f ON f.queue = @queue AND f.message_id = @message_id
        """;

    /// <summary>
    /// How far the queue's inbox has forgotten, if nothing says that the message was not handled: no failure in this epoch
    /// or later, which there is only of what is not done.
    /// </summary>
    public string ForgottenUntil { get; } =
        $"""
        SELECT h.forgotten_until FROM {schema}.inbox_horizon h
        WHERE h.queue = @queue AND NOT EXISTS (
            SELECT FROM {schema}.failure f WHERE f.queue = @queue AND f.message_id = @message_id AND f.epoch >= @epoch)
        """;

    /// <summary>
    /// The broker gave the message up by itself, so no attempt of it may run again. Not for the copy of a dead letter that
    /// is stored: it may have a later life behind it. What is known of the message's runs ends with it. Primary keys.
    /// </summary>
    public string MarkDead { get; } =
        $"""
        WITH dead AS (
            INSERT INTO {schema}.failure AS f (queue, message_id, epoch, attempts, state, error, fingerprint)
            SELECT @queue, @message_id, @epoch, 0, 'dead', @reason, CASE WHEN @epoch = 0 THEN @fingerprint END
            WHERE NOT EXISTS (SELECT FROM {schema}.dead_letter d WHERE d.queue = @queue AND d.message_id = @message_id AND d.epoch = @epoch)
            ON CONFLICT (queue, message_id) DO UPDATE SET state = 'dead', next_attempt_at = NULL, ordering_key = NULL
            WHERE f.epoch <= excluded.epoch AND f.state IN ('failing', 'scheduled')
            RETURNING queue, message_id)
        DELETE FROM {schema}.started s USING dead d WHERE s.queue = d.queue AND s.message_id = d.message_id
        """;
}
