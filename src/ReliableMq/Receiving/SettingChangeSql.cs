namespace ReliableMq.Receiving;

/// <summary>Every statement on <c>consumer_setting</c>, a table of a few rows a queue. All by primary key.</summary>
internal sealed class SettingChangeSql(string schema)
{
    /// <summary>Tells everybody that there are such queues: a change of another is a mistake.</summary>
    public string Register { get; } =
        $"""
        INSERT INTO {schema}.consumer_setting (queue, setting, lasting)
        SELECT queue, 'paused', true FROM unnest(@queues) AS queue
        ON CONFLICT DO NOTHING
        """;

    public string Now { get; } = "SELECT clock_timestamp()";

    public string Read { get; } =
        $"SELECT queue, setting, value, lasting, changed_at FROM {schema}.consumer_setting WHERE queue = ANY (@queues)";

    /// <summary>Changes nothing where the queue was never consumed.</summary>
    public string Change { get; } =
        $"""
        INSERT INTO {schema}.consumer_setting (queue, setting, lasting, value)
        SELECT @queue, setting, @lasting, value FROM unnest(@settings, @values) AS changed (setting, value)
        WHERE EXISTS (SELECT FROM {schema}.consumer_setting WHERE queue = @queue)
        ON CONFLICT (queue, setting, lasting) DO UPDATE SET value = excluded.value, changed_at = clock_timestamp()
        """;
}
