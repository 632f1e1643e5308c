using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using ReliableMq.Dashboard.Tests.Support;
using ReliableMq.TestSupport;

namespace ReliableMq.Dashboard.Tests;

public sealed class Lists
{
    [Theory]
    [InlineData("outbox")]
    [InlineData("outbox?state=sent")]
    [InlineData("dead-letters")]
    [InlineData("inbox?state=done")]
    [InlineData("inbox")]
    [InlineData("parked")]
    [InlineData("audit")]
    public async Task A_list_is_read_page_after_page_each_item_once_while_rows_are_added(string list)
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await using var others = await ServiceRows.CreateAsync("billing");
        await AddAsync(rows, list, 25, "a");
        await AddAsync(others, list, 12, "b");
        await using var host = await StartAsync(rows, others);

        var seen = new List<string>();
        string? cursor = null;
        var page = 0;
        do
        {
            var answer = await host.GetAsync($"{list}{(list.Contains('?') ? '&' : '?')}limit=5{(cursor is null ? "" : "&cursor=" + cursor)}");
            var items = answer["items"]!.AsArray();
            items.Count.ShouldBeLessThanOrEqualTo(5);
            seen.AddRange(items.Select(item => $"{item!["service"]} {item["id"]}"));
            cursor = (string?)answer["next"];
            await AddAsync(rows, list, 1, $"late{page++}");
        }
        while (cursor is not null);

        seen.Distinct().Count().ShouldBe(seen.Count);
        // Newest first: what was added later is in front of what was read. Keys have no such order.
        seen.Count.ShouldBe(list == "parked" ? seen.Count : 37, string.Join('\n', seen));
        seen.Count.ShouldBeGreaterThanOrEqualTo(37);
    }

    [Fact]
    public async Task A_service_that_missed_a_page_is_read_on_with_the_next()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await using var others = await ServiceRows.CreateAsync("billing");
        await rows.DeadAsync(6, prefix: "a");
        await others.DeadAsync(6, prefix: "b");
        var address = new NpgsqlConnectionStringBuilder(others.Database.ConnectionString);
        await using var proxy = await TcpProxy.StartAsync(address.Host!, address.Port);
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource).AddService("billing", others.Database.ConnectionStringThrough(proxy) + ";Pooling=false"));

        var first = await host.GetAsync("dead-letters?limit=4");
        proxy.Accepting = false;
        var second = await host.GetAsync($"dead-letters?limit=4&cursor={first["next"]}");
        second["unreadable"]!.AsArray().Count.ShouldBe(1);
        proxy.Accepting = true;
        var seen = first["items"]!.AsArray().Concat(second["items"]!.AsArray()).Select(item => (string)item!["messageId"]!).ToList();
        for (var cursor = (string?)second["next"]; cursor is not null;)
        {
            var page = await host.GetAsync($"dead-letters?limit=4&cursor={cursor}");
            seen.AddRange(page["items"]!.AsArray().Select(item => (string)item!["messageId"]!));
            cursor = (string?)page["next"];
        }

        seen.Order().ShouldBe(["a1", "a2", "a3", "a4", "a5", "a6", "b1", "b2", "b3", "b4", "b5", "b6"]);
    }

    [Fact]
    public async Task More_groups_than_are_given_are_told()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(200);
        await rows.Database.ExecuteAsync("UPDATE reliable_mq.dead_letter SET error_type = message_id");
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource));
        var page = await host.GetAsync("dead-letters/groups");
        (page["items"]!.AsArray().Count, (bool)page["isCut"]!).ShouldBe((200, false));

        await rows.DeadAsync(1, prefix: "another");

        page = await host.GetAsync("dead-letters/groups");
        (page["items"]!.AsArray().Count, (bool)page["isCut"]!).ShouldBe((200, true));
    }

    [Fact]
    public async Task Replays_are_read_page_after_page()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.Database.ExecuteAsync("INSERT INTO reliable_mq.replay (filter, per_second, beyond_horizon, requested_by) SELECT '{}', 100, false, 'maria' FROM generate_series(1, 120)");
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource));

        var first = await host.GetAsync("replays?limit=100");
        var second = await host.GetAsync($"replays?limit=100&cursor={first["next"]}");

        first["items"]!.AsArray().Concat(second["items"]!.AsArray()).Select(item => (string)item!["id"]!).Distinct().Count().ShouldBe(120);
        second["next"].ShouldBeNull();
    }

    [Fact]
    public async Task Of_a_large_body_only_what_is_shown_is_read()
    {
        const int Size = 8 * 1024 * 1024;
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(1);
        await rows.Database.ExecuteAsync($"UPDATE reliable_mq.dead_letter SET body = decode(repeat('00', {Size}), 'hex')");
        var address = new NpgsqlConnectionStringBuilder(rows.Database.ConnectionString);
        await using var proxy = await TcpProxy.StartAsync(address.Host!, address.Port);
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.ConnectionStringThrough(proxy)));
        var id = (string)(await host.GetAsync("dead-letters"))["items"]![0]!["id"]!;
        var before = proxy.BytesFromServer;

        var body = await host.GetAsync($"dead-letters/orders/{id}/body");

        ((long)body["size"]!, (bool)body["isTruncated"]!, Convert.FromBase64String((string)body["base64"]!).Length).ShouldBe((Size, true, 1024 * 1024));
        (proxy.BytesFromServer - before).ShouldBeLessThan(Size / 2);
    }

    [Fact]
    public async Task What_is_done_is_found_by_its_id_without_reading_the_whole_inbox()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.consumer_setting (queue, setting, lasting) VALUES ('a', 'paused', true), ('b', 'paused', true);
            INSERT INTO reliable_mq.inbox (queue, message_id, fingerprint, epoch) SELECT CASE WHEN n % 2 = 0 THEN 'a' ELSE 'b' END, 'm' || n, gen_random_uuid(), 0 FROM generate_series(1, 20000) AS n;
            ANALYZE reliable_mq.inbox; ANALYZE reliable_mq.consumer_setting;
            """);
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource));
        const string Of = "FROM pg_stat_user_tables WHERE schemaname = 'reliable_mq' AND relname = 'inbox'";
        Task<long> LooksAsync() => rows.Database.ScalarAsync<long>($"SELECT seq_scan + idx_scan {Of}");
        Task<long> ReadAsync() => rows.Database.ScalarAsync<long>($"SELECT seq_tup_read + idx_tup_fetch {Of}");
        var (looks, read) = (await LooksAsync(), await ReadAsync());

        (await host.GetAsync("inbox?state=done&messageId=m12345"))["items"]!.AsArray().Select(item => (string)item!["queue"]!).ShouldBe(["b"]);

        await Eventually.TrueAsync(async () => await LooksAsync() > looks, "the statistics know of it", TimeSpan.FromMinutes(1));
        (await ReadAsync() - read).ShouldBeLessThan(1000);
    }

    [Fact]
    public async Task Pages_of_two_services_are_one_list_newest_first()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await using var others = await ServiceRows.CreateAsync("billing");
        await rows.DeadAsync(10, prefix: "a");
        await others.DeadAsync(10, prefix: "b");
        await using var host = await StartAsync(rows, others);

        var items = (await host.GetAsync("dead-letters?limit=20"))["items"]!.AsArray();

        var times = items.Select(item => DateTimeOffset.Parse((string)item!["deadAt"]!, System.Globalization.CultureInfo.InvariantCulture)).ToList();
        times.ShouldBe(times.OrderDescending());
        items.Select(item => (string)item!["service"]!).Distinct().Order().ShouldBe(["billing", "orders"]);
        (await host.GetAsync("dead-letters?service=billing"))["items"]!.AsArray().Select(item => (string)item!["service"]!).Distinct().ShouldBe(["billing"]);
    }

    [Fact]
    public async Task A_service_that_is_away_costs_its_own_part_only()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(1);
        await using var host = await DashboardHost.StartAsync(options => options
            .AddService("orders", rows.Database.DataSource)
            .AddService("gone", "Host=127.0.0.1;Port=1;Username=nobody;Database=nothing;Timeout=2"));

        var answer = await host.GetAsync("dead-letters");

        answer["items"]!.AsArray().Count.ShouldBe(1);
        ((string)answer["unreadable"]!.AsArray().Single()!["service"]!).ShouldBe("gone");
        var overview = await host.GetAsync("overview");
        ((bool)overview["verdict"]!["isHealthy"]!).ShouldBeFalse();
        overview["verdict"]!["findings"]!.AsArray().ShouldContain(finding => (string?)finding!["area"] == "database" && (string?)finding["service"] == "gone");
        (await (await host.SendAsync(HttpMethod.Get, $"reliable-mq/api/v1/queues/one?service=gone&queue=x")).ProblemAsync(HttpStatusCode.ServiceUnavailable)).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("outbox?messageId=m3", "m3")]
    [InlineData("outbox?state=failed", "f1")]
    [InlineData("outbox?state=failed&text=NO%20ROUTE", "f1")]
    [InlineData("outbox?errorKind=returned", "f1")]
    [InlineData("outbox?state=scheduled", "later1")]
    [InlineData("outbox?destination=elsewhere", "later1")]
    [InlineData("outbox?orderingKey=k", "later1")]
    [InlineData("outbox?correlationId=c", "later1")]
    [InlineData("outbox?state=retrying", "")]
    [InlineData("outbox?from=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z", "")]
    public async Task A_filter_leaves_what_it_says(string address, string expected)
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.PendingAsync(5);
        await rows.PendingAsync(1, "f", "UPDATE reliable_mq.outbox SET failed_at = clock_timestamp(), error_kind = 'returned', error = 'There is no route.' || chr(10) || 'at all', attempts = 5 WHERE message_id = 'f1'");
        await rows.PendingAsync(1, "later", "UPDATE reliable_mq.outbox SET due_at = clock_timestamp() + interval '1 day', exchange = 'elsewhere', ordering_key = 'k', correlation_id = 'c' WHERE message_id = 'later1'");
        await using var host = await StartAsync(rows);

        string.Join(' ', (await host.GetAsync(address))["items"]!.AsArray().Select(item => (string)item!["messageId"]!)).ShouldBe(expected);
    }

    [Fact]
    public async Task Counts_say_whether_they_are_estimates()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.PendingAsync(3);
        await rows.SentAsync(2);
        await rows.Database.ExecuteAsync("ANALYZE reliable_mq.outbox_history");
        await using var host = await StartAsync(rows);

        var counts = await host.GetAsync("outbox/counts");

        (counts["pending"]!.ToJsonString(), counts["sent"]!.ToJsonString()).ShouldBe(("{\"value\":3,\"isEstimate\":false,\"isAtLeast\":false,\"isUnknown\":false}", "{\"value\":2,\"isEstimate\":true,\"isAtLeast\":false,\"isUnknown\":false}"));
    }

    [Fact]
    public async Task Dead_letters_are_grouped_by_queue_and_exception_with_their_trend()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(7);
        await rows.DeadAsync(3, errorType: "System.TimeoutException", prefix: "t");
        await rows.Database.ExecuteAsync("UPDATE reliable_mq.dead_letter SET dead_at = dead_at - interval '2 hours' WHERE message_id = 't1'");
        await using var host = await StartAsync(rows);

        var groups = (await host.GetAsync("dead-letters/groups"))["items"]!.AsArray();

        groups.Select(group => $"{group!["queue"]} {group["errorType"]} {group["count"]!["value"]} {group["reason"]}")
            .ShouldBe(["tests.numbers System.InvalidOperationException 7 no such customer", "tests.numbers System.TimeoutException 3 no such customer"]);
        string.Join(' ', groups[1]!["trend"]!.AsArray().TakeLast(3)).ShouldBe("1 0 2");
    }

    [Fact]
    public async Task Every_attempt_of_a_dead_letter_is_told_with_its_stack_the_newest_first()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(1);
        await rows.Database.ExecuteAsync(
            """
            UPDATE reliable_mq.dead_letter SET history = jsonb_build_array(
                -- Of its life before a replay.
                jsonb_build_object('attempt', 3, 'at', dead_at - interval '1 hour', 'type', 'System.FormatException', 'error', 'System.FormatException: before' || chr(10) || '   at Before()'),
                jsonb_build_object('attempt', 1, 'at', dead_at - interval '2 minutes', 'type', 'System.TimeoutException', 'error', 'System.TimeoutException: first' || chr(10) || '   at First()'),
                jsonb_build_object('attempt', 2, 'at', dead_at - interval '1 minute', 'type', 'System.IO.IOException', 'error', 'System.IO.IOException: second' || chr(10) || '   at Second()'))
            """);
        await using var host = await StartAsync(rows);
        var id = (string)(await host.GetAsync("dead-letters"))["items"]![0]!["id"]!;

        var attempts = (await host.GetAsync($"dead-letters/orders/{id}"))["attemptHistory"]!.AsArray();

        attempts.Select(attempt => $"{attempt!["number"]} {attempt["errorType"]} {((string)attempt["error"]!).Split('\n')[1].Trim()}")
            .ShouldBe(["3 System.InvalidOperationException at Handle()", "2 System.IO.IOException at Second()", "1 System.TimeoutException at First()", "3 System.FormatException at Before()"]);
    }

    [Fact]
    public async Task One_dead_letter_tells_everything_of_it()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(1);
        await using var host = await StartAsync(rows);
        var id = (string)(await host.GetAsync("dead-letters"))["items"]![0]!["id"]!;

        var one = await host.GetAsync($"dead-letters/orders/{id}");
        var body = await host.GetAsync($"dead-letters/orders/{id}/body");
        var raw = await host.SendAsync(HttpMethod.Get, $"reliable-mq/api/v1/dead-letters/orders/{id}/body/raw");

        ((string)one["headers"]!["tenant"]!).ShouldBe("north");
        ((string)one["attemptHistory"]![0]!["error"]!).ShouldContain("at Handle()");
        ((string)body["kind"]!, ((string)body["text"]!).ReplaceLineEndings("\n")).ShouldBe(("json", "{\n  \"number\": 1\n}"));
        raw.Content.Headers.ContentDisposition!.DispositionType.ShouldBe("attachment");
        raw.Content.Headers.ContentType!.ToString().ShouldBe("application/octet-stream");
        (await raw.Content.ReadAsStringAsync()).ShouldBe("{\"number\":1}");
    }

    private static Task<DashboardHost> StartAsync(ServiceRows rows, ServiceRows? others = null) => DashboardHost.StartAsync(options =>
    {
        options.AddService("orders", rows.Database.DataSource);
        if (others is not null)
        {
            options.AddService("billing", others.Database.DataSource);
        }
    });

    private static Task AddAsync(ServiceRows rows, string list, int count, string prefix) => list switch
    {
        "outbox" => rows.PendingAsync(count, prefix),
        "outbox?state=sent" => rows.SentAsync(count, prefix),
        "dead-letters" => AddDeadAsync(rows, count, prefix),
        "inbox?state=done" => rows.Database.ExecuteAsync($"INSERT INTO reliable_mq.inbox (queue, message_id, fingerprint, epoch) SELECT 'q', '{prefix}' || n, gen_random_uuid(), 0 FROM generate_series(1, {count}) AS n"),
        "inbox" => rows.Database.ExecuteAsync($"INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state, error) SELECT 'q', '{prefix}' || n, 0, 1, 'failing', 'no' FROM generate_series(1, {count}) AS n"),
        "parked" => rows.Database.ExecuteAsync($"INSERT INTO reliable_mq.parked (queue, message_id, ordering_key, epoch, name, content_type, headers, body) SELECT 'q', '{prefix}' || n, 'k' || n % 3, 0, 'n', 'c', '', '' FROM generate_series(1, {count}) AS n"),
        _ => rows.Database.ExecuteAsync($"INSERT INTO reliable_mq.audit (who, action, target) SELECT '{prefix}', 'a', 't' FROM generate_series(1, {count}) AS n"),
    };

    /// <summary>All in one moment, where only the key tells them apart, and the late ones later.</summary>
    private static async Task AddDeadAsync(ServiceRows rows, int count, string prefix)
    {
        await rows.DeadAsync(count, prefix: prefix);
        await rows.Database.ExecuteAsync("UPDATE reliable_mq.dead_letter SET dead_at = date_trunc('hour', clock_timestamp()) + CASE WHEN message_id LIKE 'late%' THEN interval '1 hour' ELSE interval '0' END");
    }
}
