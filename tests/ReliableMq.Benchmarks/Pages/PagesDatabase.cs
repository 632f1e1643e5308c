using Npgsql;
using ReliableMq.TestSupport;

namespace ReliableMq.Benchmarks.Pages;

/// <summary>The database of a service that has much of everything.</summary>
internal sealed class PagesDatabase(TestDatabase database) : IAsyncDisposable
{
    public const string Schema = "reliable_mq";

    public string ConnectionString => database.ConnectionString;

    public TestDatabase Database => database;

    /// <param name="rows">In the history and in the inbox each; a tenth of it is dead.</param>
    /// <param name="waiting">In the outbox.</param>
    public static async Task<PagesDatabase> CreateAsync(long rows, long waiting)
    {
        var created = new PagesDatabase(await TestDatabase.CreateAsync());
        await created.ExecuteAsync(ReliableMqSchema.Script(Schema));
        await created.ExecuteAsync($"INSERT INTO {Schema}.owner (service) VALUES ('billing')");
        // A hundredth of what waits has failed once, a tenth of that waits for an operator; three in ten are scheduled.
        await created.ExecuteAsync(
            $"""
            INSERT INTO {Schema}.outbox
                (id, message_id, name, exchange, routing_key, content_type, headers, body, correlation_id, causation_id, ordering_key, created_at, due_at, available_at, attempts, error_kind, error, failed_at)
            SELECT {Id("made", "n")}, {Id("made", "-n")}::text, {Name}, 'orders', {Name}, 'application/json', '{Headers}', {Body},
                   CASE WHEN n % 2 = 0 THEN 'order-' || n / 4 END, CASE WHEN n % 3 = 0 THEN {Id("made", "-n - 1")}::text END, CASE WHEN n % 10 = 0 THEN 'customer-' || n % 1000 END,
                   made, CASE WHEN n % 10 < 3 THEN clock_timestamp() + interval '1 day' END, CASE WHEN n % 1000 = 7 THEN 'infinity' WHEN n % 10 < 3 THEN clock_timestamp() + interval '1 day' ELSE clock_timestamp() END,
                   CASE WHEN n % 100 = 7 THEN 3 ELSE 0 END, CASE WHEN n % 100 = 7 THEN 'returned' END, CASE WHEN n % 100 = 7 THEN 'The broker has no queue for it: NO_ROUTE' END, CASE WHEN n % 1000 = 7 THEN made END
            FROM {Times(waiting)}
            """);
        await created.ExecuteAsync(
            $"""
            INSERT INTO {Schema}.outbox_history
                (id, message_id, name, exchange, routing_key, content_type, headers, body, correlation_id, causation_id, ordering_key, created_at, attempts, outcome, finished_at)
            SELECT {Id("made", "n")}, {Id("made", "-n")}::text, {Name}, 'orders', {Name}, 'application/json', '{Headers}', {Body},
                   CASE WHEN n % 2 = 0 THEN 'order-' || n / 4 END, CASE WHEN n % 3 = 0 THEN {Id("made", "-n - 1")}::text END, CASE WHEN n % 10 = 0 THEN 'customer-' || n % 1000 END,
                   made, 1, CASE n % 1000 WHEN 1 THEN 'expired' WHEN 2 THEN 'cancelled' ELSE 'sent' END, made + interval '5 milliseconds'
            FROM {Times(rows)}
            """);
        await created.ExecuteAsync(
            $"""
            INSERT INTO {Schema}.inbox (queue, message_id, handled_at, fingerprint, epoch)
            SELECT {Queue}, {Id("made", "-n")}::text, made + interval '10 milliseconds', md5(n::text)::uuid, 0 FROM {Times(rows)}
            """);
        await created.ExecuteAsync(
            $"""
            INSERT INTO {Schema}.dead_letter (queue, message_id, epoch, name, exchange, routing_key, content_type, headers, body, correlation_id, attempts, reason, error_type, error, dead_at, discarded_at, replayed_at)
            SELECT {Queue}, 'dead-' || n, 0, {Name}, 'orders', {Name}, 'application/json', '{Headers}', {Body}, 'order-' || n, 4,
                   'no such customer: ' || n % 977, {ErrorType}, {Error}, made, CASE WHEN n % 20 = 3 THEN made + interval '1 hour' END, CASE WHEN n % 20 = 4 THEN made + interval '1 hour' END
            FROM {Times(rows / 10)}
            """);
        await created.ExecuteAsync(
            $"""
            INSERT INTO {Schema}.failure (queue, message_id, epoch, attempts, state, error_type, error, first_failed_at, last_failed_at)
            SELECT {Queue}, 'dead-' || n, 0, 4, 'dead', {ErrorType}, {Error}, made, made FROM {Times(rows / 10)} WHERE n % 20 NOT IN (3, 4)
            UNION ALL
            SELECT {Queue}, 'fails-' || n, 0, 2, CASE WHEN n % 2 = 0 THEN 'scheduled' ELSE 'failing' END, {ErrorType}, {Error}, made, made FROM {Times(rows / 100)}
            """);
        await created.ExecuteAsync(
            $"""
            INSERT INTO {Schema}.parked (queue, message_id, ordering_key, epoch, name, content_type, headers, body)
            SELECT {Queue}, 'parked-' || n, 'customer-' || n % 100, 0, {Name}, 'application/json', '{Headers}', {Body} FROM {Times(rows / 100)};
            INSERT INTO {Schema}.consumer_setting (queue, setting, lasting) SELECT DISTINCT queue, 'paused', true FROM {Schema}.inbox;
            INSERT INTO {Schema}.node (id, service, host) SELECT gen_random_uuid(), 'billing', 'host-' || n FROM generate_series(1, 4) AS n;
            INSERT INTO {Schema}.node_minute (minute, node, committed, sent, handled, failed, dead_lettered, confirm, handle)
            SELECT date_trunc('minute', clock_timestamp()) - m * interval '1 minute', id, 600, 600, 600, 6, 1, {Histogram}, {Histogram}
            FROM generate_series(0, 7 * 24 * 60) AS m CROSS JOIN {Schema}.node;
            INSERT INTO {Schema}.audit (who, action, target, details) SELECT 'operator', 'replay', 'dead-' || n, NULL FROM generate_series(1, 20000) AS n;
            INSERT INTO {Schema}.alert (kind, group_key, severity, text, count, examples, first_raised_at, last_raised_at, resolved_at)
            SELECT 'dead letter', 'queue ' || n, 'error', 'Messages were given up.', n, '[]', clock_timestamp(), clock_timestamp(), CASE WHEN n > 100 THEN clock_timestamp() END FROM generate_series(1, 5000) AS n;
            """);
        await created.ExecuteAsync("VACUUM ANALYZE");
        return created;
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    /// <summary>Evenly over the last six days.</summary>
    private static string Times(long count) => $"(SELECT n, clock_timestamp() - interval '6 days' * (1 - n / {count}.0) AS made FROM generate_series(1, {count}) AS n) AS rows";

    /// <summary>As the library makes them: the time in front.</summary>
    private static string Id(string made, string number) =>
        $"(lpad(to_hex((extract(epoch FROM {made}) * 1000)::bigint), 12, '0') || '7' || substr(md5(({number})::text), 1, 3) || '8' || substr(md5(({number})::text), 4, 15))::uuid";

    private const string Name = "(ARRAY['orders.order-placed.v1', 'orders.order-paid.v1', 'orders.order-cancelled.v1', 'orders.address-changed.v1'])[1 + n % 4]";
    private const string Queue = "(ARRAY['billing.order-placed', 'billing.order-paid', 'shipping.order-paid', 'mail.order-paid'])[1 + n % 4]";
    private const string ErrorType = "(ARRAY['System.TimeoutException', 'System.InvalidOperationException', 'Npgsql.PostgresException', NULL])[1 + n % 4]";
    private const string Error = "'System.TimeoutException: no answer from customer ' || n || chr(10) || repeat('   at Billing.Handlers.HandleAsync(OrderPlaced message, CancellationToken cancellationToken) in /src/Billing/Handlers.cs:line 42' || chr(10), 12)";
    private const string Headers = """{"tenant":"north","x-region":"eu-west"}""";
    private const string Body = """convert_to('{"orderId":' || n || ',"lines":"' || repeat('abcdefgh', 28) || '"}', 'UTF8')""";
    private const string Histogram = "(SELECT string_agg(bucket || ':' || bucket * 7, ' ') FROM generate_series(2, 20) AS bucket)";

    private async Task ExecuteAsync(string sql)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        command.CommandTimeout = 1800;
        await command.ExecuteNonQueryAsync();
    }
}
