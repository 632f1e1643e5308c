using System.Net;
using System.Text.Json.Nodes;
using ReliableMq.Dashboard.Tests.Support;

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
