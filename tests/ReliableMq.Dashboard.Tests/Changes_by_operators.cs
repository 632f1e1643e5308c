using System.Net;
using ReliableMq.Dashboard.Tests.Support;
using ReliableMq.TestSupport;

namespace ReliableMq.Dashboard.Tests;

public sealed class Changes_by_operators
{
    private const string Me = "anonymous from 127.0.0.1: ";

    [Fact]
    public async Task Pending_messages_are_offered_at_once_with_new_attempts()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.PendingAsync(2, more: "UPDATE reliable_mq.outbox SET failed_at = clock_timestamp(), error_kind = 'returned', error = 'x', attempts = 9, available_at = 'infinity' WHERE message_id = 'm2'");
        await using var host = await StartAsync(rows);
        var id = (string)(await host.GetAsync("outbox?state=failed"))["items"]![0]!["id"]!;

        (await host.ChangeAsync("outbox/send-now", new { service = "orders", ids = new[] { id } })).ToJsonString().ShouldBe("""{"done":1,"refused":0,"refusal":null}""");

        (await rows.Database.QueryAsync<string>("SELECT message_id FROM reliable_mq.outbox WHERE available_at <= clock_timestamp() AND attempts = 0 AND failed_at IS NULL")).ShouldBe(["m2"]);
        (await rows.AuditAsync()).ShouldHaveSingleItem().ShouldStartWith(Me + "send-now ");
    }

    [Fact]
    public async Task All_that_match_are_cancelled_and_kept_in_the_history()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.PendingAsync(7);
        await rows.PendingAsync(2, "other", "UPDATE reliable_mq.outbox SET name = 'tests.other.v1' WHERE message_id LIKE 'other%'");
        await using var host = await StartAsync(rows);

        var result = await host.ChangeAsync("outbox/cancel", new { service = "orders", filter = new { name = "tests.numbered.v1" }, expectedCount = 7 });

        ((int)result["done"]!).ShouldBe(7);
        (await rows.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.outbox")).ShouldBe(2);
        (await rows.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.outbox_history WHERE outcome = 'cancelled'")).ShouldBe(7);
        (await rows.AuditAsync()).ShouldHaveSingleItem().ShouldStartWith(Me + "cancel {");
    }

    [Theory]
    [InlineData("outbox/cancel", "{}")]
    [InlineData("dead-letters/discard", "{}")]
    [InlineData("dead-letters/replay", "{}")]
    [InlineData("outbox/delete", """{"state":"sent"}""")]
    [InlineData("outbox/resend", """{"state":"sent"}""")]
    public async Task A_filter_that_matches_far_more_than_was_seen_does_nothing(string action, string filter)
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.PendingAsync(50);
        await rows.SentAsync(50);
        await rows.DeadAsync(50);
        await using var host = await StartAsync(rows);
        var reason = action == "dead-letters/discard" ? ",\"reason\":\"x\"" : "";

        var problem = await (await host.PostAsync(action, new { }, request => request.Content = new StringContent($$"""{"service":"orders","filter":{{filter}},"expectedCount":3{{reason}}}""", null, "application/json"))).ProblemAsync(HttpStatusCode.Conflict);

        ((string)problem["detail"]!, (int)problem["actualCount"]!).ShouldBe(("The filter matches 50 by now, but 3 were expected. Look again, and confirm the new number.", 50));
        (await rows.Database.ScalarAsync<long>("SELECT (SELECT count(*) FROM reliable_mq.outbox) + (SELECT count(*) FROM reliable_mq.outbox_history WHERE outcome = 'sent') + (SELECT count(*) FROM reliable_mq.dead_letter WHERE discarded_at IS NULL) + (SELECT count(*) FROM reliable_mq.replay)")).ShouldBe(150);
        (await rows.AuditAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_has_left_is_sent_again_once_under_its_own_id()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.SentAsync(1200);
        await using var host = await StartAsync(rows);

        var result = await host.ChangeAsync("outbox/resend", new { service = "orders", filter = new { state = "sent" }, expectedCount = 1200 });

        ((int)result["done"]!).ShouldBe(1200);
        (await rows.Database.ScalarAsync<long>("SELECT count(DISTINCT message_id) FROM reliable_mq.outbox WHERE message_id LIKE 's%' AND available_at <= clock_timestamp()")).ShouldBe(1200);
        (await rows.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.outbox")).ShouldBe(1200);
    }

    [Fact]
    public async Task A_message_of_the_history_is_deleted_but_a_pending_one_is_not()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.SentAsync(1);
        await rows.PendingAsync(1);
        await using var host = await StartAsync(rows);
        var ids = new[] { (string)(await host.GetAsync("outbox?state=sent"))["items"]![0]!["id"]!, (string)(await host.GetAsync("outbox"))["items"]![0]!["id"]! };

        (await host.ChangeAsync("outbox/delete", new { service = "orders", ids })).ToJsonString().ShouldBe("""{"done":1,"refused":1,"refusal":"What has not left has to be cancelled first."}""");

        (await rows.Database.ScalarAsync<long>("SELECT (SELECT count(*) FROM reliable_mq.outbox) * 10 + (SELECT count(*) FROM reliable_mq.outbox_history)")).ShouldBe(10);
    }

    [Fact]
    public async Task A_dead_letter_is_mended_and_replayed_by_rows_alone()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(2);
        await using var host = await StartAsync(rows);
        var id = (string)(await host.GetAsync("dead-letters?messageId=d1"))["items"]![0]!["id"]!;

        await host.ChangeAsync($"dead-letters/orders/{id}/replay", new { text = """{"number":7}""", headers = new Dictionary<string, string?> { ["tenant"] = null, ["mended"] = "yes" } });

        (await rows.Database.QueryAsync<string>("SELECT message_id || ' ' || routing_key || ' ' || convert_from(body, 'UTF8') || ' ' || (headers::jsonb ->> 'mended') FROM reliable_mq.outbox WHERE available_at <= clock_timestamp()"))
            .ShouldBe(["d1 tests.numbers {\"number\":7} yes"]);
        (await rows.AuditAsync()).ShouldBe([Me + "replay tests.numbers d1 epoch 0 (header tenant removed, header mended set, body changed)"]);
        (await (await host.PostAsync($"dead-letters/orders/{id}/replay", new { })).DetailAsync(HttpStatusCode.Conflict)).ShouldStartWith("The dead letter \"d1\" of \"tests.numbers\" was replayed at ");
    }

    [Fact]
    public async Task A_dead_letter_is_replayed_as_it_came()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(1);
        await using var host = await StartAsync(rows);
        var id = (string)(await host.GetAsync("dead-letters"))["items"]![0]!["id"]!;

        await host.ChangeAsync($"dead-letters/orders/{id}/replay", new { });

        (await rows.Database.QueryAsync<string>("SELECT convert_from(body, 'UTF8') || (headers::jsonb ->> 'tenant') FROM reliable_mq.outbox")).ShouldBe(["{\"number\":1}north"]);
    }

    [Fact]
    public async Task Many_are_replayed_by_their_ids_each_for_itself()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(3);
        await rows.Database.ExecuteAsync("INSERT INTO reliable_mq.inbox (queue, message_id, fingerprint, epoch) VALUES ('tests.numbers', 'd2', gen_random_uuid(), 0)");
        await using var host = await StartAsync(rows);
        var ids = (await host.GetAsync("dead-letters"))["items"]!.AsArray().Select(item => (string)item!["id"]!).ToArray();

        var result = (await host.ChangeAsync("dead-letters/replay", new { service = "orders", ids }))["result"]!;

        ((int)result["done"]!, (int)result["refused"]!).ShouldBe((2, 1));
        (await rows.Database.QueryAsync<string>("SELECT convert_from(body, 'UTF8') FROM reliable_mq.outbox ORDER BY 1")).ShouldBe(["{\"number\":1}", "{\"number\":3}"]);
        ((string)result["refusal"]!).ShouldStartWith("The message \"d2\" of \"tests.numbers\" was not replayed, because it was handled at ");
    }

    [Fact]
    public async Task A_replay_of_all_that_match_is_begun_listed_and_cancelled()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(5);
        await using var host = await StartAsync(rows);

        var started = await host.ChangeAsync("dead-letters/replay", new { service = "orders", filter = new { errorType = "System.InvalidOperationException" }, expectedCount = 5, perSecond = 50 });
        var id = (string)started["replay"]!["id"]!;
        await host.ChangeAsync("replays/cancel", new { service = "orders", ids = new[] { id } });

        var replay = (await host.GetAsync("replays"))["items"]!.AsArray().Single()!;
        ((string)replay["id"]!, (string)replay["who"]!, (bool)replay["isCancelled"]!).ShouldBe((id, "anonymous from 127.0.0.1", true));
        (await rows.AuditAsync()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Discarding_needs_a_reason()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(2);
        await using var host = await StartAsync(rows);

        (await (await host.PostAsync("dead-letters/discard", new { service = "orders", filter = new { }, expectedCount = 2 })).DetailAsync(HttpStatusCode.BadRequest)).ShouldBe("\"reason\" is missing. Say why nobody will handle them.");
        ((int)(await host.ChangeAsync("dead-letters/discard", new { service = "orders", filter = new { }, expectedCount = 2, reason = "a test" }))["done"]!).ShouldBe(2);
        (await host.GetAsync("dead-letters?state=discarded"))["items"]!.AsArray().Count.ShouldBe(2);
    }

    [Fact]
    public async Task Consumers_are_changed_in_the_table_that_their_processes_follow()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.Database.ExecuteAsync("INSERT INTO reliable_mq.consumer_setting (queue, setting, lasting) VALUES ('tests.numbers', 'paused', true)");
        await using var host = await StartAsync(rows);

        ((bool)(await host.ChangeAsync("queues/pause", new { service = "orders", queue = "tests.numbers", lasting = true }))["settings"]!["isPaused"]!).ShouldBeTrue();
        ((bool)(await host.ChangeAsync("queues/resume", new { service = "orders", queue = "tests.numbers", lasting = true }))["settings"]!["isPaused"]!).ShouldBeFalse();
        ((int)(await host.ChangeAsync("queues/change", new { service = "orders", queue = "tests.numbers", lasting = true, concurrency = 3 }))["settings"]!["concurrency"]!).ShouldBe(3);
        (await host.ChangeAsync("queues/reset", new { service = "orders", queue = "tests.numbers", lasting = true }))["settings"]!["concurrency"].ShouldBeNull();
        (await (await host.PostAsync("queues/change", new { service = "orders", queue = "tests.numbers", lasting = true, concurrency = 5000 })).DetailAsync(HttpStatusCode.Conflict)).ShouldBe("The concurrency of the queue \"tests.numbers\" cannot be 5000. Use 1 to 1000.");
        (await (await host.PostAsync("queues/pause", new { service = "orders", queue = "other", lasting = true })).ProblemAsync(HttpStatusCode.Conflict)).ShouldNotBeNull();
        (await rows.AuditAsync()).Select(line => line.Split(' ')[3]).ShouldBe(["pause", "resume", "change", "reset"]);
    }

    [Fact]
    public async Task An_export_stands_in_the_audit()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(3);
        await using var host = await StartAsync(rows);

        var lines = (await (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/dead-letters/export?service=orders&queue=tests.numbers")).Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        lines.Length.ShouldBe(3);
        (await rows.AuditAsync()).ShouldBe([Me + "export queue=tests.numbers"]);
    }

    [Theory]
    [InlineData("outbox/cancel", "{}")]
    [InlineData("outbox/delete", """{"state":"sent"}""")]
    [InlineData("dead-letters/discard", "{}")]
    [InlineData("dead-letters/replay", "{}")]
    [InlineData("inbox/retry-now", "{}")]
    public async Task A_count_that_ended_early_confirms_nothing(string action, string filter)
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.PendingAsync(50);
        await rows.SentAsync(50);
        await rows.DeadAsync(50);
        await using var host = await StartAsync(rows);
        var reason = action == "dead-letters/discard" ? ",\"reason\":\"x\"" : "";

        var answer = await host.PostAsync(action, new { }, request => request.Content = new StringContent($$"""{"service":"orders","filter":{{filter}},"expectedCount":12,"isAtLeast":true{{reason}}}""", null, "application/json"));

        (await answer.DetailAsync(HttpStatusCode.BadRequest)).ShouldBe("\"isAtLeast\" goes with an \"expectedCount\" of 100000 only, not of 12. Ask \"…/matching\" with this filter how many there are.");
        (await rows.AuditAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Whoever_saw_as_many_as_are_counted_means_all_of_them()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.SentAsync(100_300);
        await using var host = await StartAsync(rows);

        (await host.GetAsync("outbox/matching?service=orders&state=sent")).ToJsonString().ShouldBe("""{"value":100000,"isEstimate":true,"isAtLeast":true,"isUnknown":false}""");
        ((int)(await host.ChangeAsync("outbox/delete", new { service = "orders", filter = new { state = "sent" }, expectedCount = 100_000, isAtLeast = true }))["done"]!).ShouldBe(100_300);
    }

    [Fact]
    public async Task What_an_action_would_be_for_is_counted_whole()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        // More than a list looks at: what is older than the newest 50,000 counts as well.
        await rows.PendingAsync(50_010, more: "UPDATE reliable_mq.outbox SET name = 'tests.rare.v1' WHERE message_id IN ('m1', 'm2', 'm50010')");
        await rows.DeadAsync(3);
        await rows.Database.ExecuteAsync("INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state, error_type) VALUES ('q', 'f1', 0, 1, 'failing', 'X'), ('q', 'f2', 0, 1, 'scheduled', 'X')");
        await using var host = await StartAsync(rows);

        (await host.GetAsync("outbox/matching?service=orders&state=pending&name=tests.rare.v1")).ToJsonString().ShouldBe("""{"value":3,"isEstimate":false,"isAtLeast":false,"isUnknown":false}""");
        ((int)(await host.GetAsync("dead-letters/matching?service=orders&text=customer"))["value"]!).ShouldBe(3);
        ((int)(await host.GetAsync("inbox/matching?service=orders&state=scheduled&errorType=X"))["value"]!).ShouldBe(1);
        (await (await host.SendAsync(HttpMethod.Get, "reliable-mq/api/v1/inbox/matching?service=orders&state=done")).DetailAsync(HttpStatusCode.BadRequest)).ShouldBe("Only what fails can be tried again. Give the state failing or scheduled, or none.");
    }

    [Fact]
    public async Task Not_one_more_than_was_seen_is_deleted()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.SentAsync(5);
        await using var host = await StartAsync(rows);

        (await (await host.PostAsync("outbox/delete", new { service = "orders", filter = new { state = "sent" }, expectedCount = 4 })).DetailAsync(HttpStatusCode.Conflict)).ShouldBe("The filter matches 5 by now, but 4 were expected. Look again, and confirm the new number.");
        ((int)(await host.ChangeAsync("outbox/resend", new { service = "orders", filter = new { state = "sent" }, expectedCount = 4 }))["done"]!).ShouldBe(5);
    }

    [Theory]
    [InlineData("outbox/delete")]
    [InlineData("outbox/resend")]
    public async Task What_was_done_before_the_database_failed_is_told(string action)
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.SentAsync(1200);
        await rows.Database.ExecuteAsync(
            """
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF coalesce(OLD.message_id, NEW.message_id) = 's700' THEN RAISE EXCEPTION 'the disk is full'; END IF; RETURN coalesce(NEW, OLD); END $$;
            CREATE TRIGGER fail BEFORE DELETE ON reliable_mq.outbox_history FOR EACH ROW EXECUTE FUNCTION fail();
            CREATE TRIGGER fail BEFORE INSERT ON reliable_mq.outbox FOR EACH ROW EXECUTE FUNCTION fail();
            """);
        await using var host = await StartAsync(rows);

        (await host.ChangeAsync(action, new { service = "orders", filter = new { state = "sent" }, expectedCount = 1200 })).ToJsonString()
            .ShouldBe("""{"done":500,"refused":700,"refusal":"Then the database failed: P0001: the disk is full. Look at the audit, and begin again for the rest."}""");
        (await rows.AuditAsync()).Count.ShouldBe(1);
        (await (await host.PostAsync(action, new { service = "orders", filter = new { state = "sent", messageId = "s700" }, expectedCount = 1 })).DetailAsync(HttpStatusCode.ServiceUnavailable)).ShouldStartWith("The database cannot be read:");
    }

    [Fact]
    public async Task What_leaves_while_it_goes_on_was_not_seen_whatever_the_clocks_of_processes_say()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.SentAsync(2);
        await rows.Database.ExecuteAsync("UPDATE reliable_mq.outbox_history SET finished_at = clock_timestamp() + interval '1 hour' WHERE message_id = 's1'");
        // A process whose clock is ahead has stored this one; it has left.
        await rows.Database.ExecuteAsync("UPDATE reliable_mq.outbox_history SET id = (lpad(to_hex(((extract(epoch FROM clock_timestamp()) + 3600) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid WHERE message_id = 's2'");
        await using var host = await StartAsync(rows);

        ((int)(await host.ChangeAsync("outbox/delete", new { service = "orders", filter = new { state = "sent" }, expectedCount = 2 }))["done"]!).ShouldBe(1);

        (await rows.Database.QueryAsync<string>("SELECT message_id FROM reliable_mq.outbox_history")).ShouldBe(["s1"]);
    }

    [Fact]
    public async Task What_is_sent_again_twice_goes_out_once()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.SentAsync(3);
        // Sent twice before: the history knows it twice.
        await rows.SentAsync(1);
        await using var host = await StartAsync(rows);
        Task<System.Text.Json.Nodes.JsonNode> ResendAsync() => host.ChangeAsync("outbox/resend", new { service = "orders", filter = new { state = "sent" }, expectedCount = 4 });

        (await ResendAsync()).ToJsonString().ShouldBe("""{"done":3,"refused":1,"refusal":"It is on its way already, or is a retry or replay, which goes back to its queue by its dead letter."}""");
        ((int)(await ResendAsync())["done"]!).ShouldBe(0);

        (await rows.Database.QueryAsync<string>("SELECT message_id FROM reliable_mq.outbox ORDER BY 1")).ShouldBe(["s1", "s2", "s3"]);
    }

    [Fact]
    public async Task Why_something_was_hurried_or_stopped_is_kept()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.PendingAsync(1, more: "UPDATE reliable_mq.outbox SET exchange = '', routing_key = 'q', due_at = clock_timestamp() + interval '1 hour'; INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state) VALUES ('q', 'm1', 1, 1, 'scheduled')");
        await rows.DeadAsync(1);
        await using var host = await StartAsync(rows);

        await host.ChangeAsync("outbox/send-now", new { service = "orders", filter = new { }, expectedCount = 1, reason = "The carrier is back." });
        await host.ChangeAsync("inbox/retry-now", new { service = "orders", filter = new { }, expectedCount = 1, reason = "It was mended." });
        var replay = await host.ChangeAsync("dead-letters/replay", new { service = "orders", filter = new { }, expectedCount = 1 });
        await host.ChangeAsync("replays/cancel", new { service = "orders", ids = new[] { (string)replay["replay"]!["id"]! }, reason = "Too early." });

        var audit = await rows.AuditAsync();
        audit[0].ShouldEndWith("(1: The carrier is back.)");
        audit[1].ShouldEndWith("(1: It was mended.)");
        audit[^1].ShouldEndWith("cancel-replay replay 1 (Too early.)");
    }

    [Fact]
    public async Task Whoever_takes_a_body_away_stands_in_the_audit()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.PendingAsync(1);
        await rows.DeadAsync(1);
        await using var host = await StartAsync(rows);
        var outbox = (string)(await host.GetAsync("outbox"))["items"]![0]!["id"]!;
        var dead = (string)(await host.GetAsync("dead-letters"))["items"]![0]!["id"]!;

        await host.GetAsync($"outbox/orders/{outbox}/body");
        await host.GetAsync($"dead-letters/orders/{dead}/body");
        (await host.SendAsync(HttpMethod.Get, $"reliable-mq/api/v1/outbox/orders/{outbox}/body/raw")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await host.SendAsync(HttpMethod.Get, $"reliable-mq/api/v1/dead-letters/orders/{dead}/body/raw")).StatusCode.ShouldBe(HttpStatusCode.OK);

        var audit = await rows.AuditAsync();
        audit.Count.ShouldBe(2);
        audit[0].ShouldStartWith(Me + "download outbox ");
        audit[0].ShouldEndWith("(The body of m1.)");
        audit[1].ShouldBe(Me + "download tests.numbers d1 epoch 0");
    }

    [Fact]
    public async Task What_an_operator_makes_too_large_to_be_sent_is_refused_as_it_would_be_in_the_code()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(1);
        await using var host = await StartAsync(rows);
        var most = new BrokerOptions().MaxMessageBytes;
        var id = (string)(await host.GetAsync("dead-letters"))["items"]![0]!["id"]!;

        (await (await host.PostAsync($"dead-letters/orders/{id}/replay", new { text = new string('x', most + 1) })).DetailAsync(HttpStatusCode.Conflict))
            .ShouldBe($"The message \"tests.numbered.v1\" has {most + 1} bytes, more than the {most} allowed. Send a reference to the data, or raise \"ReliableMq:Broker:MaxMessageBytes\" together with RabbitMQ's max_message_size.");
        (await (await host.PostAsync($"dead-letters/orders/{id}/replay", new { headers = new Dictionary<string, string> { ["large"] = new('x', 65_536) } })).DetailAsync(HttpStatusCode.Conflict))
            .ShouldBe("The headers of the message \"tests.numbered.v1\" have 65552 bytes, more than the 65536 allowed. Put large values into the message.");
        (await rows.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.outbox")).ShouldBe(0);
    }

    [Fact]
    public async Task A_pause_is_shown_as_long_as_somebody_goes_by_it_and_ends_for_everybody()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.consumer_setting (queue, setting, lasting) VALUES ('tests.numbers', 'paused', true);
            INSERT INTO reliable_mq.node (id, service, host, started_at, heartbeat_at) VALUES (gen_random_uuid(), 'orders', 'a', clock_timestamp() - interval '1 hour', clock_timestamp() + interval '1 hour');
            """);
        await using var host = await StartAsync(rows);
        async Task<bool> IsPausedAsync()
        {
            var isPaused = (bool)(await host.GetAsync("queues/one?service=orders&queue=tests.numbers"))["settings"]!["isPaused"]!;
            (await host.GetAsync("overview"))["verdict"]!.ToJsonString().Contains("An operator has paused: tests.numbers.", StringComparison.Ordinal).ShouldBe(isPaused);
            return isPaused;
        }

        await host.ChangeAsync("queues/pause", new { service = "orders", queue = "tests.numbers", lasting = true });
        await host.ChangeAsync("queues/pause", new { service = "orders", queue = "tests.numbers", lasting = false });
        (await IsPausedAsync()).ShouldBeTrue();
        await host.ChangeAsync("queues/resume", new { service = "orders", queue = "tests.numbers", lasting = false });
        (await IsPausedAsync()).ShouldBeFalse();
        await rows.Database.ExecuteAsync("UPDATE reliable_mq.node SET started_at = clock_timestamp()");
        (await IsPausedAsync()).ShouldBeFalse("a process that starts later consumes, too");

        await host.ChangeAsync("queues/pause", new { service = "orders", queue = "tests.numbers", lasting = false });
        (await IsPausedAsync()).ShouldBeTrue();
        await rows.Database.ExecuteAsync("UPDATE reliable_mq.node SET started_at = clock_timestamp()");
        (await IsPausedAsync()).ShouldBeFalse("those that run by now do not know of it");
        await rows.Database.ExecuteAsync("UPDATE reliable_mq.node SET started_at = clock_timestamp() - interval '1 hour', heartbeat_at = clock_timestamp() - interval '1 minute'");
        (await IsPausedAsync()).ShouldBeFalse("whoever knew of it is gone");
    }

    [Fact]
    public async Task Why_messages_were_cancelled_or_deleted_and_which_is_kept()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.PendingAsync(2);
        await rows.SentAsync(2);
        await using var host = await StartAsync(rows);

        await host.ChangeAsync("outbox/cancel", new { service = "orders", filter = new { }, expectedCount = 2, reason = "Ordered twice." });
        await host.ChangeAsync("outbox/delete", new { service = "orders", filter = new { state = "sent" }, expectedCount = 2, reason = "Secret." });

        var audit = await rows.AuditAsync();
        audit[0].ShouldEndWith("(2: Ordered twice.)");
        audit[1].ShouldBe(Me + "delete state=sent (2: s1, s2. Reason: Secret.)");
    }

    [Fact]
    public async Task Many_retries_are_hurried_in_batches_whose_audit_does_not_grow_with_them()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.PendingAsync(1200, more:
            """
            UPDATE reliable_mq.outbox SET exchange = '', routing_key = 'tests.numbers', due_at = clock_timestamp() + interval '1 hour', available_at = clock_timestamp() + interval '1 hour';
            INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state, last_failed_at)
            SELECT 'tests.numbers', message_id, 1, 1, 'scheduled', '2026-01-01'::timestamptz + interval '1 second' * (row_number() OVER () / 7) FROM reliable_mq.outbox;
            """);
        await using var host = await StartAsync(rows);

        (await host.ChangeAsync("inbox/retry-now", new { service = "orders", filter = new { state = "scheduled" }, expectedCount = 1200 })).ToJsonString().ShouldBe("""{"done":1200,"refused":0,"refusal":null}""");

        (await rows.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.outbox WHERE available_at <= clock_timestamp()")).ShouldBe(1200);
        var audit = await rows.AuditAsync();
        audit.Count.ShouldBe(3);
        audit.Max(row => row.Length).ShouldBeLessThan(600 * 40);
        (await (await host.PostAsync("inbox/retry-now", new { service = "orders", filter = new { }, expectedCount = 3 })).DetailAsync(HttpStatusCode.Conflict))
            .ShouldBe("The filter matches 1200 by now, but 3 were expected. Look again, and confirm the new number.");
    }

    [Fact]
    public async Task Only_the_round_of_a_message_that_was_chosen_is_discarded()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(1);
        await rows.Database.ExecuteAsync(
            "INSERT INTO reliable_mq.dead_letter (queue, message_id, epoch, name, exchange, routing_key, body, attempts, reason) SELECT queue, message_id, 1, name, exchange, routing_key, body, attempts, reason FROM reliable_mq.dead_letter");
        await using var host = await StartAsync(rows);
        var first = (await host.GetAsync("dead-letters"))["items"]!.AsArray().Single(item => (int)item!["epoch"]! == 0)!;

        await host.ChangeAsync("dead-letters/discard", new { service = "orders", ids = new[] { (string)first["id"]! }, reason = "Old." });

        (await rows.Database.QueryAsync<int>("SELECT epoch FROM reliable_mq.dead_letter WHERE discarded_at IS NOT NULL")).ShouldBe([0]);
    }

    [Fact]
    public async Task What_died_without_an_exception_is_replayed_alone()
    {
        await using var rows = await ServiceRows.CreateAsync("orders");
        await rows.DeadAsync(2);
        await rows.DeadAsync(3, prefix: "expired");
        await rows.Database.ExecuteAsync("UPDATE reliable_mq.dead_letter SET error_type = NULL WHERE message_id LIKE 'expired%'");
        await using var host = await StartAsync(rows);

        ((int)(await host.GetAsync("dead-letters/count?errorType=none"))["value"]!).ShouldBe(3);
        (await host.GetAsync("dead-letters?errorType=none"))["items"]!.AsArray().Count.ShouldBe(3);
        ((int)(await host.ChangeAsync("dead-letters/discard", new { service = "orders", filter = new { errorType = "none" }, expectedCount = 3, reason = "Late." }))["done"]!).ShouldBe(3);
        (await rows.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.dead_letter WHERE discarded_at IS NULL AND error_type IS NOT NULL")).ShouldBe(2);
    }

    private static Task<DashboardHost> StartAsync(ServiceRows rows) => DashboardHost.StartAsync(options => options.AddService("orders", rows.Database.DataSource));
}
