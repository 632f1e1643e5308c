namespace ReliableMq.Scheduling;

/// <summary>Every statement on <c>scheduled_work</c>, a row for each piece of work. Primary key.</summary>
internal sealed class ScheduledWorkSql(string schema)
{
    public string Started { get; } =
        $"""
        INSERT INTO {schema}.scheduled_work AS w (name, every, started_at, outcome, node, host, next_at)
        VALUES (@name, @every, clock_timestamp(), 'running', @node, @host, clock_timestamp() + @every)
        ON CONFLICT (name) DO UPDATE
        SET every = excluded.every, started_at = excluded.started_at, outcome = excluded.outcome, node = excluded.node,
            host = excluded.host, next_at = excluded.next_at
        """;

    /// <summary>Tells how often it has failed in a row.</summary>
    public string Finished { get; } =
        $"""
        UPDATE {schema}.scheduled_work
        SET finished_at = clock_timestamp(), next_at = clock_timestamp() + every, duration = @duration, outcome = @outcome, error = @error,
            failures = CASE @outcome WHEN 'failed' THEN failures + 1 WHEN 'done' THEN 0 ELSE failures END
        WHERE name = @name
        RETURNING failures
        """;

    public string Read { get; } =
        $"""
        SELECT name, every, started_at, finished_at, duration, outcome, error, failures, node, host, next_at
        FROM {schema}.scheduled_work
        ORDER BY name
        """;
}
