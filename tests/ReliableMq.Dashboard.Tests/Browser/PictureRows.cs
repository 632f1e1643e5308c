using ReliableMq.Dashboard.Tests.Support;

namespace ReliableMq.Dashboard.Tests.Browser;

/// <summary>Three services at work, with rows of every kind.</summary>
internal static class PictureRows
{
    private const string Stack = "'   at Billing.Handlers.HandleAsync(OrderPlaced message, CancellationToken cancellationToken) in /src/Billing/Handlers.cs:line 42' || chr(10) || '   at ReliableMq.Handling.HandlingProcessor.RunAsync(Delivery delivery) in /src/Handling/HandlingProcessor.cs:line 131'";

    public static async Task FillAsync(ServiceRows orders, ServiceRows billing, ServiceRows shipping, bool isFailing)
    {
        foreach (var (rows, service) in new[] { (orders, "orders"), (billing, "billing"), (shipping, "shipping") })
        {
            await rows.Database.ExecuteAsync(
                $$"""
                INSERT INTO reliable_mq.node (id, service, host, started_at, heartbeat_at)
                SELECT gen_random_uuid(), '{{service}}', '{{service}}-' || n || '.internal', clock_timestamp() - interval '1 hour' * n * 7, clock_timestamp() - interval '{{(isFailing ? 90 : 2)}} seconds' * (n - 1) FROM generate_series(1, 2) AS n;
                INSERT INTO reliable_mq.node_minute (minute, node, committed, sent, handled, failed, dead_lettered, confirm, handle)
                SELECT date_trunc('minute', clock_timestamp()) - m * interval '1 minute', id, 300 + (100 * sin(m / 9.0))::int, 300 + (100 * sin((m + 1) / 9.0))::int, 280 + (90 * sin((m + 2) / 9.0))::int,
                       CASE WHEN m % 13 < 2 THEN 6 ELSE 0 END, CASE WHEN m % 31 = 0 THEN 2 ELSE 0 END, '2:40 3:120 4:60 6:9', '4:40 6:120 8:60 12:' || (1 + m % 7)
                FROM generate_series(0, 2000) AS m CROSS JOIN reliable_mq.node ON CONFLICT DO NOTHING;
                INSERT INTO reliable_mq.scheduled_work (name, every, started_at, finished_at, duration, outcome, error, failures, node, host, next_at) VALUES
                    ('resend', '1 minute', clock_timestamp() - interval '20 s', clock_timestamp() - interval '19 s', '12 ms', 'done', NULL, 0, gen_random_uuid(), '{{service}}-1.internal', clock_timestamp() + interval '40 s'),
                    ('inbox-housekeeping', '1 hour', clock_timestamp() - interval '20 min', clock_timestamp() - interval '19 min', '812 ms', 'done', NULL, 0, gen_random_uuid(), '{{service}}-1.internal', clock_timestamp() + interval '40 min'),
                    ('topology-check', '5 minutes', clock_timestamp() - interval '2 min', clock_timestamp() - interval '2 min', '90 ms', '{{(isFailing ? "failed" : "done")}}', {{(isFailing ? "'The broker does not answer: connection refused'" : "NULL")}}, {{(isFailing ? 4 : 0)}}, gen_random_uuid(), '{{service}}-2.internal', clock_timestamp() + interval '3 min') ON CONFLICT DO NOTHING;
                """);
            await rows.SentAsync(120, "sent-");
        }

        await orders.PendingAsync(7, "waits-");
        await orders.PendingAsync(5, "later-", "UPDATE reliable_mq.outbox SET due_at = clock_timestamp() + interval '2 hours', available_at = clock_timestamp() + interval '2 hours' WHERE message_id LIKE 'later-%'");
        await orders.PendingAsync(3, "again-", "UPDATE reliable_mq.outbox SET attempts = 4, error_kind = 'nacked', error = 'A queue of it refused the message: it is full, or a node of it is away', available_at = clock_timestamp() + interval '40 s' WHERE message_id LIKE 'again-%'");
        await orders.PendingAsync(2, "lost-", "UPDATE reliable_mq.outbox SET attempts = 20, error_kind = 'returned', error = 'No queue takes the message \"orders.order-placed.v1\": the exchange \"orders\" has no binding for it (312 NO_ROUTE)', failed_at = clock_timestamp() - interval '3 min', available_at = 'infinity' WHERE message_id LIKE 'lost-%'");
        await billing.Database.ExecuteAsync(
            $$"""
            INSERT INTO reliable_mq.inbox (queue, message_id, handled_at, fingerprint, epoch) SELECT 'billing.order-placed', 'handled-' || n, clock_timestamp() - interval '1 second' * n, gen_random_uuid(), 0 FROM generate_series(1, 80) AS n;
            INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state, next_attempt_at, error_type, error, first_failed_at, last_failed_at, ordering_key)
            SELECT 'billing.order-placed', 'fails-' || n, 0, n, CASE WHEN n % 2 = 0 THEN 'scheduled' ELSE 'failing' END, clock_timestamp() + interval '1 minute' * n, 'System.TimeoutException',
                   'System.TimeoutException: The tax service did not answer within 30 s.' || chr(10) || {{Stack}}, clock_timestamp() - interval '{{(isFailing ? 20 : 1)}} minutes', clock_timestamp() - interval '5 seconds' * n, CASE WHEN n = 1 THEN 'customer-7' END
            FROM generate_series(1, 6) AS n;
            INSERT INTO reliable_mq.parked (queue, message_id, ordering_key, epoch, name, content_type, headers, body, parked_at)
            SELECT 'billing.order-placed', 'parked-' || n, 'customer-7', 0, 'orders.order-placed.v1', 'application/json', '{}', 'x', clock_timestamp() - interval '7 seconds' * n FROM generate_series(1, 3) AS n;
            INSERT INTO reliable_mq.dead_letter (queue, message_id, epoch, name, exchange, routing_key, content_type, headers, body, correlation_id, attempts, reason, error_type, error, dead_at, replayed_at, discarded_at)
            SELECT CASE WHEN n % 3 = 0 THEN 'billing.refunds' ELSE 'billing.order-placed' END, '0199f3a2-7d1c-7e55-9c1f-' || lpad(to_hex(n * 7919), 12, '0'), 0, 'orders.order-placed.v1', 'orders', 'orders.order-placed.v1', 'application/json',
                   '{"tenant":"north","x-region":"eu-west"}', convert_to('{"orderId":' || n || ',"customer":"c-' || n % 9 || '","lines":[{"product":"MUG-BLUE-300","quantity":2,"unitPrice":14.5}],"note":null,"gift":true}', 'UTF8'), 'order-' || n,
                   CASE WHEN n % 5 = 0 THEN 0 ELSE 4 END, CASE WHEN n % 5 = 0 THEN 'The message expired.' ELSE 'All attempts are used up.' END,
                   CASE WHEN n % 5 = 0 THEN NULL WHEN n % 3 = 0 THEN 'Npgsql.PostgresException' ELSE 'System.FormatException' END,
                   CASE WHEN n % 5 = 0 THEN NULL WHEN n % 3 = 0 THEN 'Npgsql.PostgresException: 23514: new row for relation "Invoices" violates check constraint "total_is_positive"' || chr(10) || {{Stack}}
                        ELSE 'System.FormatException: The postal code "12 34X" of order ' || n || ' is not one.' || chr(10) || {{Stack}} END,
                   clock_timestamp() - interval '11 minutes' * n, CASE WHEN n % 17 = 4 THEN clock_timestamp() END, CASE WHEN n % 17 = 6 THEN clock_timestamp() END
            FROM generate_series(1, 90) AS n;
            INSERT INTO reliable_mq.replay (filter, per_second, beyond_horizon, requested_by, replayed, refused, refusal, finished_at)
            VALUES ('{}', 200, false, 'olga', 4998, 2, 'The message "d2" of "billing.order-placed" was not replayed, because it was handled at 2026-05-06 07:08:09Z.', clock_timestamp()), ('{}', 200, false, 'olga', 120, 0, NULL, NULL);
            INSERT INTO reliable_mq.audit (who, action, target, details) SELECT CASE WHEN n % 3 = 0 THEN 'olga' ELSE 'anonymous from 127.0.0.1' END, (ARRAY['replay', 'discard', 'pause', 'export'])[1 + n % 4], 'billing.order-placed 0199f3a2-7d1c-7e55-9c1f-00000000000' || n, CASE WHEN n % 2 = 0 THEN 'header tenant removed, body changed' END FROM generate_series(1, 9) AS n;
            INSERT INTO reliable_mq.alert (kind, group_key, severity, text, count, examples, first_raised_at, last_raised_at, resolved_at, resolution) VALUES
                ('dead-letter', 'billing.order-placed FormatException', 'error', '57 messages of "billing.order-placed" were given up: FormatException.', 57, '[{"messageId":"0199f3a2-7d1c-7e55-9c1f-000000001eef","reason":"The postal code \"12 34X\" of order 1 is not one."}]', clock_timestamp() - interval '3 hours', clock_timestamp() - interval '4 min', NULL, NULL),
                ('outbox-unroutable', 'orders', 'warning', 'Messages to "orders" are returned: no queue takes them.', 2, '[]', clock_timestamp() - interval '9 min', clock_timestamp() - interval '2 min', NULL, NULL),
                ('backlog', 'outbox', 'warning', 'The oldest message waits for 6 min.', 1, '[]', clock_timestamp() - interval '2 days', clock_timestamp() - interval '2 days', clock_timestamp() - interval '1 day', 'It is gone.');
            INSERT INTO reliable_mq.alert_telling (alert_id, sink, told_count, tellings, told_at, attempts, error) VALUES (1, 'PagerSink', 57, 3, clock_timestamp() - interval '5 min', 0, NULL), (1, 'MailSink', 0, 0, NULL, 3, 'The mail server refused: 451 try later');
            INSERT INTO reliable_mq.consumer_setting (queue, setting, lasting, value) VALUES ('billing.order-placed', 'paused', true, NULL), ('billing.refunds', 'paused', true, {{(isFailing ? "1" : "NULL")}});
            """);
        // A message that came through all three.
        await orders.Database.ExecuteAsync(History("through-1", "orders.order-placed.v1", null, 60));
        await billing.Database.ExecuteAsync(History("through-2", "billing.order-billed.v1", "through-1", 50) + "; INSERT INTO reliable_mq.inbox (queue, message_id, handled_at, fingerprint, epoch) VALUES ('billing.order-placed', 'through-1', clock_timestamp() - interval '50 s', gen_random_uuid(), 0)");
        await shipping.Database.ExecuteAsync("INSERT INTO reliable_mq.inbox (queue, message_id, handled_at, fingerprint, epoch) VALUES ('shipping.order-placed', 'through-1', clock_timestamp() - interval '52 s', gen_random_uuid(), 0)");
    }

    private static string History(string messageId, string name, string? cause, int secondsAgo) =>
        $$"""
        INSERT INTO reliable_mq.outbox_history (id, message_id, name, exchange, routing_key, content_type, body, created_at, attempts, outcome, finished_at, correlation_id, causation_id)
        VALUES (gen_random_uuid(), '{{messageId}}', '{{name}}', 'orders', '{{name}}', 'application/json', '{}', clock_timestamp() - interval '{{secondsAgo}} s', 1, 'sent', clock_timestamp() - interval '{{secondsAgo - 1}} s', 'order-7', {{(cause is null ? "NULL" : $"'{cause}'")}})
        """;
}
