namespace ReliableMq.Failing;

/// <summary>Every statement on <c>failure</c>. All by primary key.</summary>
internal sealed class FailureSql(string schema)
{
    /// <summary>So many attempts before the last one are kept, and so much of the error of each.</summary>
    private const int MostAttempts = 20, MostOfError = 8_000;

    /// <summary>The history of the failure <c>f</c> with its last attempt.</summary>
    public static readonly string History =
        $"""
        CASE WHEN jsonb_array_length(f.history) >= {MostAttempts} THEN f.history - 0 ELSE coalesce(f.history, '[]') END
        || jsonb_build_object('attempt', f.attempts, 'at', f.last_failed_at, 'type', f.error_type, 'error', left(f.error, {MostOfError}))
        """;

    /// <summary>
    /// Counts a failed attempt, or notes one that does not count. No row comes back when the message has meanwhile moved on: scheduled or
    /// replayed in a later epoch, dead, or discarded; or when it is another with the same id. A row without an error is of one that has not failed in this epoch.
    /// </summary>
    public string Count { get; } =
        $"""
        INSERT INTO {schema}.failure AS f (queue, message_id, epoch, attempts, state, error_type, error, ordering_key, fingerprint)
        VALUES (@queue, @message_id, @epoch, @counts, 'failing', @error_type, @error, @ordering_key, CASE WHEN @epoch = 0 THEN @fingerprint END)
        ON CONFLICT (queue, message_id) DO UPDATE
        SET attempts = CASE WHEN f.epoch = excluded.epoch THEN f.attempts + @counts ELSE @counts END, epoch = excluded.epoch,
            history = CASE WHEN @counts > 0 AND f.attempts > 0 AND f.error_type IS NOT NULL THEN {History} ELSE f.history END,
            state = 'failing', error_type = excluded.error_type, error = excluded.error, last_failed_at = clock_timestamp(),
            first_failed_at = CASE WHEN f.epoch = excluded.epoch AND f.error_type IS NOT NULL THEN f.first_failed_at ELSE clock_timestamp() END
        WHERE f.epoch < excluded.epoch OR (f.epoch = excluded.epoch AND f.state IN ('failing', 'scheduled') AND coalesce(f.fingerprint = @fingerprint, true))
        RETURNING attempts, clock_timestamp(), greatest(clock_timestamp() - first_failed_at, interval '0')
        """;

    public string RetryHeld { get; } =
        $"""
        UPDATE {schema}.failure SET next_attempt_at = clock_timestamp() + @delay
        WHERE queue = @queue AND message_id = @message_id
        """;

    /// <summary>The copy that is scheduled carries the new epoch; deliveries of the old one are then acked.</summary>
    public string RetryScheduled { get; } =
        $"""
        UPDATE {schema}.failure SET state = 'scheduled', epoch = @epoch, next_attempt_at = @due_at
        WHERE queue = @queue AND message_id = @message_id
        """;

    /// <summary>It holds back nothing any more, not even when it is replayed.</summary>
    public string Die { get; } =
        $"""
        WITH forgotten AS (DELETE FROM {schema}.started WHERE queue = @queue AND message_id = @message_id)
        UPDATE {schema}.failure SET state = 'dead', next_attempt_at = NULL, ordering_key = NULL
        WHERE queue = @queue AND message_id = @message_id
        """;

    /// <summary>No delivery of this epoch or an earlier one runs any more.</summary>
    public string Discard { get; } =
        $"""
        WITH forgotten AS (DELETE FROM {schema}.started WHERE queue = @queue AND message_id = @message_id)
        UPDATE {schema}.failure SET state = 'discarded', next_attempt_at = NULL, ordering_key = NULL
        WHERE queue = @queue AND message_id = @message_id
        """;

    /// <summary>
    /// The id turned out to be another message's, which is done: what was known of this one stood under it, and may have
    /// held its key.
    /// </summary>
    public string DeleteOwn { get; } =
        $"DELETE FROM {schema}.failure WHERE queue = @queue AND message_id = @message_id AND fingerprint = @fingerprint";

    public string Delete { get; } =
        $"DELETE FROM {schema}.failure WHERE queue = @queue AND message_id = @message_id";
}
