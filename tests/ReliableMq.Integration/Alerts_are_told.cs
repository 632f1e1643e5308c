using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using ReliableMq.Alerting;
using ReliableMq.Integration.Support;
using ReliableMq.Scheduling;
using ReliableMq.Storage;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Alerts_are_told
{
    private static readonly AlertRaise Raise = new("outbox-failed", "orders: returned", AlertSeverity.Error, "Nothing is bound.", "m1", "NO_ROUTE");

    [Fact]
    public async Task A_storm_of_raises_is_counted_exactly_and_told_a_few_times()
    {
        const int transactions = 10_000;
        var sink = new RecordingSink("pager");
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(sink.AddTo);
        var alerts = AlertsOf(service);
        await using var slow = await world.Database.DataSource.OpenConnectionAsync();
        await using var open = await slow.BeginTransactionAsync();
        await alerts.RaiseAsync(slow, [Raise, Raise with { Group = "other" }], CancellationToken.None);

        // Half of them raise the two groups in one order, half in the other, while one transaction stays open.
        await Parallel.ForEachAsync(Enumerable.Range(0, transactions), new ParallelOptions { MaxDegreeOfParallelism = 12 }, async (number, token) =>
        {
            await using var connection = await world.Database.DataSource.OpenConnectionAsync(token);
            await using var transaction = await connection.BeginTransactionAsync(token);
            AlertRaise[] both = [Raise with { MessageId = $"m{number}" }, Raise with { Group = "other" }];
            await alerts.RaiseAsync(connection, number % 2 == 0 ? both : [.. both.Reverse()], token);
            await transaction.CommitAsync(token);
        });
        await open.CommitAsync();

        await Eventually.EqualAsync(2 * (transactions + 1), async () => await CountAsync(world), "counted");
        (await world.Database.QueryAsync<long>("SELECT count FROM reliable_mq.alert")).ShouldBe([transactions + 1, transactions + 1]);
        (await world.CountAsync("alert_raise")).ShouldBe(0);
        sink.Told.Count(alert => alert.Group == Raise.Group).ShouldBeInRange(1, 3);
        (await world.Database.QueryAsync<int>("SELECT jsonb_array_length(examples) FROM reliable_mq.alert")).ShouldBe([10, 10]);
    }

    [Fact]
    public async Task The_first_raise_is_told_at_once_and_later_ones_as_a_number_after_the_peace()
    {
        var sink = new RecordingSink("pager");
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.Settings["Outbox:PollInterval"] = "00:01:00";
            sink.AddTo(setup);
        });
        await RaiseAsync(service, Raise with { Group = "to be sure that the first poll is over" });
        await Eventually.EqualAsync(1, () => sink.Told.Count, "tellings");

        // The next poll is a minute away: only the hint can be this quick.
        await RaiseAsync(service, Raise);
        await Eventually.EqualAsync(1, () => Told().Count, "tellings");
        await RaiseAsync(service, Raise with { MessageId = "m2" }, Raise with { MessageId = "m3", Reason = "NO_ROUTE again", Text = "Still nothing is bound." });
        await Eventually.EqualAsync(4, () => CountAsync(world), "counted");
        Told().Count.ShouldBe(1);
        await EndPeaceAsync(world, expected: TimeSpan.FromMinutes(1));
        AlertsOf(service).Gathered();

        await Eventually.EqualAsync(2, () => Told().Count, "tellings");
        var (first, second) = (Told()[0], Told()[1]);
        (first.Kind, first.Group, first.Severity, first.Text, first.Service).ShouldBe((Raise.Kind, Raise.Group, Raise.Severity, Raise.Text, "tests"));
        (first.Count, first.NewCount, first.Telling).ShouldBe((1, 1, 1));
        first.Examples.ShouldBe([new AlertExample("m1", "NO_ROUTE")]);
        (second.Id, second.Count, second.NewCount, second.Telling, second.Text).ShouldBe((first.Id, 3, 2, 2, "Still nothing is bound."));
        second.Examples.Select(example => example.MessageId).ShouldBe(["m3", "m2", "m1"]);
        second.LastRaisedAt.ShouldBeGreaterThan(second.FirstRaisedAt);

        // Nothing new, nothing told.
        await Eventually.TrueAsync(() => world.Database.ScalarAsync<bool>("SELECT bool_and(node IS NULL) FROM reliable_mq.alert_telling"), "recorded");
        await EndPeaceAsync(world, expected: TimeSpan.FromMinutes(5));
        AlertsOf(service).Gathered();
        await Consistently.EqualAsync(TimeSpan.FromSeconds(1), 2, () => Told().Count, "tellings");

        List<Alert> Told() => [.. sink.Told.Where(alert => alert.Group == Raise.Group)];
    }

    [Fact]
    public async Task What_was_rolled_back_is_not_told()
    {
        var sink = new RecordingSink("pager");
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(sink.AddTo);
        await using (var connection = await world.Database.DataSource.OpenConnectionAsync())
        await using (await connection.BeginTransactionAsync())
        {
            await AlertsOf(service).RaiseAsync(connection, Raise, CancellationToken.None);
        }

        // Groups are told in their order, so that the other one would have come before.
        await RaiseAsync(service, Raise with { Group = "then" });

        await Eventually.EqualAsync(["then"], () => sink.Told.Select(alert => alert.Group), "told");
    }

    [Fact]
    public async Task A_sink_that_fails_is_told_again_and_the_others_are_not()
    {
        var failing = new RecordingSink("failing", (call, _) => call < 3 ? throw new InvalidOperationException("The pager is off.") : Task.CompletedTask);
        var hanging = new RecordingSink("hanging", (_, _) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None));
        var well = new RecordingSink("well");
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            failing.AddTo(setup);
            hanging.AddTo(setup);
            well.AddTo(setup);
        });

        await RaiseAsync(service, Raise);

        await Eventually.EqualAsync(1, () => well.Told.Count, "the well sink was told");
        await Eventually.TrueAsync(async () => (await AlertHealthAsync(service)).Status == HealthStatus.Degraded, "the alerts are degraded");
        (await AlertHealthAsync(service)).Description.ShouldBe("Alerts that could not be told: \"failing\": 1 alert(s), The pager is off.");
        await Eventually.EqualAsync(1, () => failing.Told.Count, "the failing sink was told");
        await Eventually.TrueAsync(async () => (await AlertHealthAsync(service)).Status == HealthStatus.Healthy, "the alerts are healthy");
        (failing.Calls, well.Calls, hanging.Told.Count).ShouldBe((3, 1, 0));
        failing.Told[0].ShouldBeEquivalentTo(well.Told[0]);
    }

    [Fact]
    public async Task A_sink_that_was_down_for_an_hour_is_told_then_of_everything_as_one_number()
    {
        var isDown = true;
        var sink = new RecordingSink("pager", (_, _) => isDown ? throw new InvalidOperationException("The pager is off.") : Task.CompletedTask);
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(sink.AddTo);
        await RaiseAsync(service, Raise);

        // What an hour leaves behind: a dozen attempts, the next in a quarter of an hour. Not while it is being tried.
        await Eventually.TrueAsync(() => world.Database.ScalarAsync<bool>(
            """
            WITH tried AS (
                UPDATE reliable_mq.alert_telling SET attempts = 12, next_at = clock_timestamp() + interval '15 minutes'
                WHERE sink = 'pager' AND attempts > 0 AND node IS NULL RETURNING 1)
            SELECT EXISTS (SELECT FROM tried)
            """), "tried");
        await world.Database.ExecuteAsync("UPDATE reliable_mq.alert SET first_raised_at = first_raised_at - interval '1 hour', last_raised_at = last_raised_at - interval '1 hour'");
        var calls = sink.Calls;
        for (var number = 2; number <= 5; number++)
        {
            await RaiseAsync(service, Raise with { MessageId = $"m{number}" });
        }

        await Eventually.EqualAsync(5, () => CountAsync(world), "counted");
        // Who gathered them has woken every teller; this one has looked in vain by then.
        AlertsOf(service).Gathered();
        await Consistently.EqualAsync(TimeSpan.FromSeconds(1), calls, () => sink.Calls, "it is not asked before its time");
        isDown = false;
        await world.Database.ExecuteAsync("UPDATE reliable_mq.alert_telling SET next_at = clock_timestamp() WHERE sink = 'pager'");
        AlertsOf(service).Gathered();

        await Eventually.EqualAsync(1, () => sink.Told.Count, "tellings");
        (sink.Told[0].Count, sink.Told[0].NewCount, sink.Told[0].Telling).ShouldBe((5, 5, 1));
        (sink.Told[0].LastRaisedAt - sink.Told[0].FirstRaisedAt).ShouldBeGreaterThan(TimeSpan.FromMinutes(59));
        await Eventually.TrueAsync(async () => (await AlertHealthAsync(service)).Status == HealthStatus.Healthy, "the alerts are healthy");
    }

    [Fact]
    public async Task An_open_alert_degrades_health_until_it_is_resolved()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();
        await RaiseAsync(service, Raise, Raise, Raise with { Group = "other" });
        await Eventually.EqualAsync(3, () => CountAsync(world), "counted");

        var open = (await service.HealthAsync()).Entries["reliable-mq-open-alerts"];

        open.Status.ShouldBe(HealthStatus.Degraded);
        open.Description!.ShouldStartWith("Open alerts: outbox-failed \"");
        open.Description.ShouldContain("outbox-failed \"orders: returned\" (2)");
        await world.Database.ExecuteAsync("UPDATE reliable_mq.alert SET resolved_at = clock_timestamp(), resolution = 'operator'");
        (await service.HealthAsync()).Entries["reliable-mq-open-alerts"].Status.ShouldBe(HealthStatus.Healthy);
    }

    [Fact]
    public async Task A_sink_that_does_not_answer_has_failed_after_15_seconds()
    {
        var hanging = new RecordingSink("hanging", (call, _) => call == 1 ? Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None) : Task.CompletedTask);
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(hanging.AddTo);

        await RaiseAsync(service, Raise);

        await Eventually.EqualAsync("It took longer than 15 seconds.",
            () => world.Database.ScalarAsync<string>("SELECT error FROM reliable_mq.alert_telling WHERE sink = 'hanging'"), "error");
        await Eventually.EqualAsync(1, () => hanging.Told.Count, "told");
    }

    [Fact]
    public async Task Of_two_processes_one_tells()
    {
        // Slow enough for the other process to look meanwhile.
        static Task SlowlyAsync(int call, CancellationToken token) => Task.Delay(TimeSpan.FromMilliseconds(30), TimeProvider.System, token);
        var (one, other) = (new RecordingSink("pager", SlowlyAsync), new RecordingSink("pager", SlowlyAsync));
        await using var world = await World.CreateAsync();
        await using var first = await world.StartAsync(one.AddTo);
        await using var second = await world.StartAsync(other.AddTo);

        await Parallel.ForEachAsync(Enumerable.Range(0, 40), async (number, _) =>
            await RaiseAsync(number % 2 == 0 ? first : second, Raise with { Group = number.ToString(CultureInfo.InvariantCulture) }));

        await Eventually.EqualAsync(40, () => one.Told.Count + other.Told.Count, "tellings");
        one.Told.Concat(other.Told).Select(alert => alert.Group).Distinct().Count().ShouldBe(40);
    }

    [Fact]
    public async Task What_a_process_was_telling_when_it_was_killed_is_told_by_another()
    {
        await using var world = await World.CreateAsync();
        await using (var teller = world.StartProcess(Worker.Tell))
        {
            await teller.WaitForLineAsync(line => line == "telling");
            teller.Kill();
        }

        var sink = new RecordingSink(Worker.TrapSink);
        await using var service = await world.StartAsync(sink.AddTo);
        (await world.Database.ScalarAsync<bool>("SELECT next_at > clock_timestamp() FROM reliable_mq.alert_telling WHERE sink = $1", Worker.TrapSink)).ShouldBeTrue("its lease has not run out");
        sink.Told.ShouldBeEmpty();
        await world.Database.ExecuteAsync("UPDATE reliable_mq.alert_telling SET next_at = clock_timestamp() WHERE sink = $1", Worker.TrapSink);
        AlertsOf(service).Gathered();

        await Eventually.EqualAsync(1, () => sink.Told.Count, "tellings");
        (sink.Told[0].Count, sink.Told[0].NewCount).ShouldBe((1, 1));
    }

    [Fact]
    public async Task A_process_that_slept_past_its_lease_records_nothing()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();
        var table = new AlertTable(DatabaseOf(service));
        await RaiseAsync(service, Raise);
        // The log's teller may be the one that gathers it.
        ClaimedAlert? asleep = null;
        await Eventually.TrueAsync(async () => (asleep = (await table.PollAsync("pager", CancellationToken.None)).Claimed) is not null, "claimed");
        (await table.PollAsync("pager", CancellationToken.None)).Claimed.ShouldBeNull("it is leased");
        await world.Database.ExecuteAsync("UPDATE reliable_mq.alert_telling SET next_at = clock_timestamp() WHERE sink = 'pager'");
        var awake = (await table.PollAsync("pager", CancellationToken.None)).Claimed.ShouldNotBeNull();

        await table.ToldAsync("pager", asleep!, CancellationToken.None);
        await table.FailedAsync("pager", asleep!, "asleep", TimeSpan.Zero, CancellationToken.None);

        const string state = "SELECT told_count || ' ' || attempts || ' ' || (node IS NULL) FROM reliable_mq.alert_telling WHERE sink = 'pager'";
        (await world.Database.ScalarAsync<string>(state)).ShouldBe("0 0 false");
        await table.ToldAsync("pager", awake, CancellationToken.None);
        (await world.Database.ScalarAsync<string>(state)).ShouldBe("1 0 true");
    }

    [Fact]
    public async Task What_has_been_quiet_for_a_day_is_over_and_a_new_raise_starts_over()
    {
        var sink = new RecordingSink("pager");
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(sink.AddTo);
        await RaiseAsync(service, Raise, Raise with { Group = "untold" }, Raise with { Group = "recent" });
        await Eventually.EqualAsync(3, () => world.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.alert_telling WHERE sink = 'pager' AND told_count = 1"), "told");
        await Eventually.EqualAsync(3, () => world.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.alert_telling WHERE sink = 'log' AND told_count = 1"), "logged");
        await world.Database.ExecuteAsync("UPDATE reliable_mq.alert SET last_raised_at = last_raised_at - interval '25 hours' WHERE group_key <> 'recent'");
        await world.Database.ExecuteAsync("UPDATE reliable_mq.alert_telling SET told_count = 0, attempts = 7, next_at = 'infinity' WHERE sink = 'pager' AND alert_id = (SELECT id FROM reliable_mq.alert WHERE group_key = 'untold')");

        await HousekeepAsync(service);

        (await world.Database.QueryAsync<string>("SELECT group_key FROM reliable_mq.alert WHERE resolution = 'quiet' AND resolved_at IS NOT NULL")).ShouldBe([Raise.Group]);
        await RaiseAsync(service, Raise);
        await Eventually.EqualAsync(2, () => sink.Told.Count(alert => alert.Group == Raise.Group), "tellings");
        var again = sink.Told.Last(alert => alert.Group == Raise.Group);
        (again.Count, again.Telling).ShouldBe((1, 1));
        again.Id.ShouldNotBe(sink.Told.First(alert => alert.Group == Raise.Group).Id);

        await world.Database.ExecuteAsync("UPDATE reliable_mq.alert SET resolved_at = resolved_at - interval '31 days'");
        await HousekeepAsync(service);
        (await world.Database.QueryAsync<string>("SELECT group_key FROM reliable_mq.alert ORDER BY id")).ShouldBe(["untold", "recent", Raise.Group], ignoreOrder: true);
    }

    [Fact]
    public async Task A_dead_letter_raises_an_alert_once_however_it_died()
    {
        var sink = new RecordingSink("pager");
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.Handle<Numbered>("tests.numbers", (_, _, _) => throw new PermanentFailureException("Never."));
            sink.AddTo(setup);
        });

        await service.SaveAsync(new Numbered(1), new Numbered(2));

        await Eventually.EqualAsync(2, () => CountAsync(world), "counted");
        await Eventually.EqualAsync(1, () => sink.Told.Count, "tellings");
        await Eventually.EqualAsync(2, () => service.Logs.Entries.Count(entry => entry.EventId.Id == 7004), "the broker's copies");
        (await CountAsync(world)).ShouldBe(2);
        var alert = sink.Told[0];
        (alert.Kind, alert.Group, alert.Severity).ShouldBe(("dead-letter", "tests.numbers: PermanentFailureException", AlertSeverity.Error));
        alert.Text.ShouldBe("Messages of \"tests.numbers\" became dead letters because of PermanentFailureException. Replay them when the cause is mended.");
        alert.Examples[0].Reason.ShouldBe("Never.");
        // The log is another sink, which is told in its own time.
        await service.Logs.WaitForAsync(entry => entry.EventId.Id == 9002 && entry.Message.Contains("dead-letter \"tests.numbers: PermanentFailureException\"", StringComparison.Ordinal), "the log is told");

        await world.Broker.UseChannelAsync(channel => channel.BasicPublishAsync("", "tests.numbers.dead", mandatory: true,
            new RabbitMQ.Client.BasicProperties { MessageId = "foreign", Type = "tests.numbered.v1" }, new byte[1]).AsTask());
        await Eventually.EqualAsync(2, () => sink.Told.Count, "tellings");
        sink.Told[1].Group.ShouldBe("tests.numbers: unknown reason");
        sink.Told[1].Examples[0].MessageId.ShouldBe("foreign");
    }

    [Fact]
    public async Task Foreign_text_of_any_kind_and_length_can_be_raised()
    {
        var sink = new RecordingSink("pager");
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(sink.AddTo);
        var text = "'\"\\\0\ud800" + new string('ä', 100_000);

        await RaiseAsync(service, new AlertRaise(text, text, AlertSeverity.Warning, text, text, text));

        await Eventually.EqualAsync(1, () => sink.Told.Count, "tellings");
        sink.Told[0].Group.ShouldStartWith("'\"\\\ufffd\ufffdä");
        sink.Told[0].Group.Length.ShouldBe(600);
        sink.Told[0].Examples[0].Reason!.Length.ShouldBe(500);
    }

    [Fact]
    public async Task Two_sinks_of_one_name_stop_the_start()
    {
        await using var world = await World.CreateAsync();

        var refused = await Should.ThrowAsync<ReliableMqException>(world.StartAsync(new RecordingSink("log").AddTo));
        var empty = await Should.ThrowAsync<ReliableMqException>(world.StartAsync(new RecordingSink(" ").AddTo));

        refused.Message.ShouldBe("The alert sinks \"LogAlertSink\" and \"RecordingSink\" have the same name \"log\". Give each a name of its own: each is told by its name.");
        empty.Message.ShouldBe("The alert sink \"RecordingSink\" has the name \" \". Use 1 to 100 characters without U+0000 and half surrogate pairs.");
    }

    private static ServiceDatabase DatabaseOf(TestService service) => service.Host.Services.GetRequiredService<ServiceDatabases>().All.Single();

    private static Alerts AlertsOf(TestService service) => DatabaseOf(service).Alerts;

    private static async Task RaiseAsync(TestService service, params AlertRaise[] raises)
    {
        // On a busy machine a start is over before its tables are there.
        await DatabaseOf(service).Ready;
        await using var session = await DatabaseOf(service).OpenAsync(CancellationToken.None);
        await AlertsOf(service).RaiseAsync(session.Connection, raises, CancellationToken.None);
    }

    private static async Task<long> CountAsync(World world) =>
        await world.Database.ScalarAsync<long>("SELECT coalesce(sum(count), 0)::bigint FROM reliable_mq.alert");

    private static async Task EndPeaceAsync(World world, TimeSpan expected)
    {
        (await world.Database.ScalarAsync<TimeSpan>("SELECT next_at - told_at FROM reliable_mq.alert_telling JOIN reliable_mq.alert ON id = alert_id WHERE sink = 'pager' AND group_key = $1", Raise.Group))
            .ShouldBe(expected, TimeSpan.FromSeconds(1));
        await world.Database.ExecuteAsync("UPDATE reliable_mq.alert_telling SET next_at = clock_timestamp()");
    }

    private static async Task<HealthReportEntry> AlertHealthAsync(TestService service) => (await service.HealthAsync()).Entries["reliable-mq-alerts"];

    private static Task HousekeepAsync(TestService service) =>
        service.Host.Services.GetServices<IScheduledWork>().Single(work => work.Name == "alert-housekeeping").RunOnceAsync(CancellationToken.None);
}
