using System.Buffers.Text;
using System.Text;
using ReliableMq.Dashboard.Tests.Support;
using ReliableMq.TestSupport;

namespace ReliableMq.Dashboard.Tests;

public sealed class What_is_looked_at
{
    private const int MostLooked = 50_000;

    [Fact]
    public async Task What_has_no_index_is_looked_for_so_many_rows_at_a_time_and_nothing_is_passed_over()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.SentAsync(1, "old");
        await rows.Database.ExecuteAsync("UPDATE reliable_mq.outbox_history SET name = 'tests.rare.v1', created_at = created_at - interval '1 hour', id = '00000000-0000-7000-8000-000000000001'");
        await rows.SentAsync(MostLooked + 10);
        await using var host = await StartAsync(rows);

        var first = await host.GetAsync("outbox?state=sent&name=tests.rare.v1");
        (first["items"]!.AsArray().Count, first["next"] is null).ShouldBe((0, false));
        var second = await host.GetAsync($"outbox?state=sent&name=tests.rare.v1&cursor={first["next"]}");
        ((string)second["items"]![0]!["messageId"]!, second["next"]).ShouldBe(("old1", null));
        (await host.GetAsync("outbox/counts?name=tests.rare.v1"))["sent"]!.ToJsonString().ShouldBe("""{"value":0,"isEstimate":true,"isAtLeast":true,"isUnknown":false}""");
        (await host.GetAsync("outbox/counts?messageId=old1"))["sent"]!.ToJsonString().ShouldBe("""{"value":1,"isEstimate":false,"isAtLeast":false,"isUnknown":false}""");
    }

    [Fact]
    public async Task A_range_of_times_begins_where_it_is_and_not_at_what_is_newest()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.SentAsync(1, "old");
        await rows.Database.ExecuteAsync(
            """
            UPDATE reliable_mq.outbox_history SET name = 'tests.rare.v1', created_at = created_at - interval '1 day',
                   id = (lpad(to_hex((extract(epoch FROM clock_timestamp() - interval '1 day') * 1000)::bigint), 12, '0') || repeat('7', 20))::uuid
            """);
        await rows.SentAsync(MostLooked + 10);
        await using var host = await StartAsync(rows);
        var until = Uri.EscapeDataString(TimeProvider.System.GetUtcNow().AddHours(-12).ToString("O"));

        var page = await host.GetAsync($"outbox?state=sent&name=tests.rare.v1&until={until}");

        (page["items"]!.AsArray().Select(item => (string)item!["messageId"]!).Single(), page["next"]).ShouldBe(("old1", null));
    }

    [Fact]
    public async Task A_message_is_found_by_its_id_however_many_wait_and_by_the_rest_among_the_newest()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.PendingAsync(2, "old");
        await rows.Database.ExecuteAsync("UPDATE reliable_mq.outbox SET correlation_id = 'order-1', message_id = CASE WHEN message_id = 'old1' THEN id::text ELSE message_id END");
        var own = (await rows.Database.QueryAsync<string>("SELECT id::text FROM reliable_mq.outbox WHERE message_id = id::text")).Single();
        await rows.PendingAsync(MostLooked + 10, more: "UPDATE reliable_mq.outbox SET correlation_id = 'order-2' WHERE message_id = 'm50010'");
        await using var host = await StartAsync(rows);

        foreach (var id in new[] { own, "old2" })
        {
            ((string)(await host.GetAsync($"messages?id={id}"))["correlationId"]!).ShouldBe("order-1");
            (await host.GetAsync($"search?q={id}"))["items"]!.AsArray().Select(item => (string)item!["messageId"]!).ShouldBe([id]);
            var page = await host.GetAsync($"outbox?messageId={id}");
            (page["items"]!.AsArray().Count, page["next"]).ShouldBe((1, null));
        }

        (await host.GetAsync("search?q=order-1"))["items"]!.AsArray().ShouldBeEmpty();
        (await host.GetAsync("search?q=order-2"))["items"]!.AsArray().Select(item => (string)item!["messageId"]!).ShouldBe(["m50010"]);
    }

    [Fact]
    public async Task What_waits_behind_many_that_fail_is_counted_as_at_least()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.PendingAsync(MostLooked, more: "UPDATE reliable_mq.outbox SET error_kind = 'returned', error = 'no route', available_at = clock_timestamp()");
        await rows.PendingAsync(3, "p");
        await using var host = await StartAsync(rows);

        var service = (await host.GetAsync("overview"))["services"]![0]!;
        service["pending"]!.ToJsonString().ShouldBe("""{"value":0,"isEstimate":true,"isAtLeast":true,"isUnknown":false}""");
        ((double)service["oldestPendingSeconds"]!).ShouldBeGreaterThan(MostLooked - 100);
        (await host.GetAsync("outbox/counts"))["pending"]!.ToJsonString().ShouldBe("""{"value":0,"isEstimate":true,"isAtLeast":true,"isUnknown":false}""");
    }

    [Fact]
    public async Task The_text_of_errors_is_looked_for_in_so_many_dead_letters_at_a_time()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(10_005);
        await rows.Database.ExecuteAsync("UPDATE reliable_mq.dead_letter SET error = 'the Needle' WHERE message_id IN ('d2', 'd10003')");
        await using var host = await StartAsync(rows);

        var first = await host.GetAsync("dead-letters?text=nEEDLE");
        first["items"]!.AsArray().Select(item => (string)item!["messageId"]!).ShouldBe(["d2"]);
        var second = await host.GetAsync($"dead-letters?text=nEEDLE&cursor={first["next"]}");
        (second["items"]!.AsArray().Select(item => (string)item!["messageId"]!).Single(), second["next"]).ShouldBe(("d10003", null));
        (await host.GetAsync("dead-letters/count?text=nEEDLE")).ToJsonString().ShouldBe("""{"value":1,"isEstimate":true,"isAtLeast":true,"isUnknown":false}""");
    }

    [Fact]
    public async Task All_counts_of_the_outbox_are_one_statement()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.PendingAsync(3);
        await using var counted = new CountedStatements(rows.Database.ConnectionString);
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", counted.Source));

        foreach (var filter in new[] { "", "?name=tests.numbered.v1", "?messageId=m1" })
        {
            var before = counted.Count;
            ((int)(await host.GetAsync("outbox/counts" + filter))["pending"]!["value"]!).ShouldBe(filter.Contains("messageId", StringComparison.Ordinal) ? 1 : 3);
            (counted.Count - before).ShouldBe(1);
        }
    }

    [Fact]
    public async Task A_cursor_that_was_changed_costs_a_few_statements()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.SentAsync(200);
        await using var counted = new CountedStatements(rows.Database.ConnectionString);
        await using var host = await DashboardHost.StartAsync(options => options.AddService("orders", counted.Source));
        // From the start, but only what is older than the year 1.
        var cursor = Base64Url.EncodeToString(Encoding.UTF8.GetBytes("""{"orders":[],"":["1"]}"""));

        (await host.GetAsync($"outbox?state=sent&limit=1&cursor={cursor}"))["items"]!.AsArray().ShouldBeEmpty();

        counted.Count.ShouldBeLessThan(10);
    }

    [Fact]
    public async Task Lists_of_forty_services_can_be_read_on()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(3, queue: "a-queue-with-a-long-name.of-a-service");
        await using var host = await DashboardHost.StartAsync(options =>
        {
            foreach (var number in Enumerable.Range(1, 40))
            {
                options.AddService($"service-{number:00}", rows.Database.DataSource);
            }
        });

        var (seen, cursor) = (0, "");
        do
        {
            var page = await host.GetAsync($"dead-letters?limit=50{cursor}");
            seen += page["items"]!.AsArray().Count;
            cursor = page["next"] is { } next ? $"&cursor={next}" : "";
        }
        while (cursor.Length > 0);

        seen.ShouldBe(120);
    }

    private static Task<DashboardHost> StartAsync(ServiceRows rows) => DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource));
}
