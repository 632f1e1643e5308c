using ReliableMq.TestSupport;

namespace ReliableMq.Dashboard.Tests.Support;

/// <summary>The database of a service that is not running, with rows as its processes would have written them.</summary>
internal sealed class ServiceRows : IAsyncDisposable
{
    private ServiceRows(TestDatabase database) => Database = database;

    public TestDatabase Database { get; }

    public static async Task<ServiceRows> CreateAsync(string owner)
    {
        var rows = new ServiceRows(await TestDatabase.CreateAsync());
        await rows.Database.ExecuteAsync(ReliableMqSchema.Script("reliable_mq"));
        await rows.Database.ExecuteAsync("INSERT INTO reliable_mq.owner (service) VALUES ($1)", owner);
        return rows;
    }

    /// <summary>Messages that wait to be sent, or in whatever state the last part says.</summary>
    public Task PendingAsync(int count, string prefix = "m", string more = "") => Database.ExecuteAsync(
        $$"""
        INSERT INTO reliable_mq.outbox (id, message_id, name, exchange, routing_key, content_type, headers, body, created_at, available_at)
        SELECT {{Id("n")}}, '{{prefix}}' || n, 'tests.numbered.v1', 'tests', 'tests.numbered.v1', 'application/json', '{"tenant":"north"}', convert_to('{"number":' || n || '}', 'UTF8'),
               clock_timestamp() - interval '1 second' * ({{count}} - n), clock_timestamp() + interval '10 minutes'
        FROM generate_series(1, {{count}}) AS n;
        {{more}}
        """);

    public Task SentAsync(int count, string prefix = "s") => Database.ExecuteAsync(
        $$"""
        INSERT INTO reliable_mq.outbox_history (id, message_id, name, exchange, routing_key, content_type, body, created_at, attempts, outcome, finished_at)
        SELECT {{Id("n")}}, '{{prefix}}' || n, 'tests.numbered.v1', 'tests', 'tests.numbered.v1', 'application/json', 'x', clock_timestamp() - interval '1 minute', 1, 'sent', clock_timestamp()
        FROM generate_series(1, {{count}}) AS n
        """);

    public Task DeadAsync(int count, string queue = "tests.numbers", string errorType = "System.InvalidOperationException", string prefix = "d") => Database.ExecuteAsync(
        $$"""
        INSERT INTO reliable_mq.dead_letter (queue, message_id, epoch, name, exchange, routing_key, content_type, headers, body, attempts, reason, error_type, error, dead_at)
        SELECT '{{queue}}', '{{prefix}}' || n, 0, 'tests.numbered.v1', 'tests', 'tests.numbered.v1', 'application/json', '{"tenant":"north"}', convert_to('{"number":' || n || '}', 'UTF8'),
               3, 'no such customer', '{{errorType}}', '{{errorType}}: no such customer' || chr(10) || '   at Handle()', clock_timestamp() - interval '1 second' * n
        FROM generate_series(1, {{count}}) AS n;
        INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state) SELECT '{{queue}}', '{{prefix}}' || n, 0, 3, 'dead' FROM generate_series(1, {{count}}) AS n;
        """);

    public Task<List<string>> AuditAsync() => Database.QueryAsync<string>("SELECT who || ': ' || action || ' ' || target || coalesce(' (' || details || ')', '') FROM reliable_mq.audit ORDER BY id");

    public ValueTask DisposeAsync() => Database.DisposeAsync();

    /// <summary>As the library makes them: the time in front.</summary>
    // To the microsecond: two calls may come in one millisecond.
    private static string Id(string number) =>
        $"""
        (SELECT (lpad(to_hex(us / 1000), 12, '0') || '7' || lpad(to_hex(us % 1000), 3, '0') || lpad(to_hex({number}), 16, '0'))::uuid
         FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us) AS now)
        """;
}
