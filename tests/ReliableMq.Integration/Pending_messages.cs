using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>What waits in the outbox can be seen, sent now and cancelled, and says why it waits.</summary>
public class Pending_messages
{
    [Fact]
    public async Task A_scheduled_message_can_be_hurried_and_cancelled()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        await AddAsync(service, 1, new MessageOptions { MessageId = "m1", DeliverAfter = TimeSpan.FromHours(1) });
        await AddAsync(service, 2, new MessageOptions { MessageId = "m2", DeliverAfter = TimeSpan.FromHours(1) });
        (await ListAsync(service, new() { State = PendingState.Scheduled })).Select(message => message.MessageId).ShouldBe(["m1", "m2"]);

        (await Pending(service).CancelAsync(new() { MessageId = "m1", State = PendingState.Scheduled }, "maria")).ShouldBe(1);
        (await Pending(service).SendNowAsync(new() { MessageId = "m2", State = PendingState.Scheduled }, "maria")).ShouldBe(1);

        await Eventually.EqualAsync([2], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(["m1 cancelled 0", "m2 sent 1"], () => HistoryAsync(world), "the history");
        (await Pending(service).CancelAsync(new() { MessageId = "m1" }, "maria")).ShouldBe(0);
        (await ListAsync(service)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_cancelled_attempt_of_a_handler_leaves_a_discarded_dead_letter_that_can_be_replayed()
    {
        await using var world = await World.CreateAsync();
        var mended = new Signal("the cause is mended");
        await using var service = await StartWithScheduledAttemptAsync(world, mended);

        (await Pending(service).CancelAsync(new() { MessageId = "m1", State = PendingState.Scheduled }, "maria")).ShouldBe(1);

        var dead = await service.DeadLetters.ListAsync(new() { State = DeadLetterState.Discarded }).SingleAsync();
        (dead.MessageId, dead.Queue, dead.Attempts, dead.Reason).ShouldBe(("m1", "tests.numbers", 1, "Its next attempt was cancelled."));
        dead.Exception!.ShouldContain("not yet");
        mended.Set();
        await service.DeadLetters.ReplayAsync(dead.Id, "maria");
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        (await world.CountAsync("failure")).ShouldBe(0);
    }

    [Fact]
    public async Task A_cancelled_copy_that_had_arrived_leaves_the_attempt_that_followed()
    {
        await using var world = await World.CreateAsync();
        var mended = new Signal("the cause is mended");
        await using var service = await StartWithScheduledAttemptAsync(world, mended);
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.outbox (id, message_id, name, exchange, routing_key, content_type, body, created_at, available_at, attempts, error_kind, error)
            SELECT gen_random_uuid(), message_id, name, '', routing_key, content_type, body, clock_timestamp(), clock_timestamp() + interval '1 hour', 1, 'timed out', 'no confirm' FROM reliable_mq.outbox
            """);

        (await Pending(service).CancelAsync(new() { MessageId = "m1", State = PendingState.Retrying }, "maria")).ShouldBe(1);

        (await world.CountAsync("dead_letter")).ShouldBe(0);
        mended.Set();
        (await Pending(service).SendNowAsync(new() { MessageId = "m1", State = PendingState.Scheduled }, "maria")).ShouldBe(1);
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task A_message_that_is_refused_to_the_limit_waits_for_an_operator()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("target", "tests", "#");
        var sink = new RecordingSink("pager");
        await using var service = await world.StartAsync(setup =>
        {
            setup.Settings["Outbox:MaxAttempts"] = "2";
            setup.Services = services => services.AddSingleton<IAlertSink>(sink);
        });
        await StoreRefusedAsync(world, orderingKey: null);

        var failed = await Eventually.FoundAsync(async () => (await ListAsync(service, new() { State = PendingState.Failed })).SingleOrDefault(), "the failed message");

        failed.Attempts.ShouldBe(2);
        failed.ErrorKind.ShouldBe("refused");
        failed.Error.ShouldNotBeNull().ShouldStartWith("The broker closed the channel over this message: ");
        failed.NextAttemptAt.ShouldBeNull();
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(line => line.EventId == 2009), "the log says that it waits for an operator");
        await Eventually.EqualAsync(["outbox-failed tests tests.numbered.v1 refused killer"], () => Task.FromResult(sink.Told.Select(alert => $"{alert.Kind} {alert.Group} {alert.Examples[0].MessageId}")), "alerts told");
        var health = (await service.HealthAsync()).Entries["reliable-mq-outbox"];
        (health.Status, health.Description).ShouldBe((HealthStatus.Degraded, "\"TestDb\": 1 failed and waiting for an operator"));

        (await Pending(service).SendNowAsync(new() { State = PendingState.Failed }, "maria")).ShouldBe(1);
        await Eventually.EqualAsync(2, () => service.Logs.Entries.Count(line => line.EventId == 2009), "failures for good");

        (await Pending(service).CancelAsync(new() { State = PendingState.Failed }, "maria")).ShouldBe(1);
        (await HistoryAsync(world)).ShouldBe(["killer cancelled 2"]);
    }

    [Fact]
    public async Task A_failed_message_holds_its_ordering_key_until_an_operator_cancels_it()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await using var service = await world.StartAsync(setup => setup.Settings["Outbox:MaxAttempts"] = "1");
        await StoreRefusedAsync(world, orderingKey: "k");
        await Eventually.FoundAsync(async () => (await ListAsync(service, new() { State = PendingState.Failed })).SingleOrDefault(), "the failed message");
        await AddAsync(service, 1, new MessageOptions { OrderingKey = "k" });
        await AddAsync(service, 2, new MessageOptions { OrderingKey = "k" });
        await AddAsync(service, 3, new MessageOptions { OrderingKey = "another" });

        await Eventually.EqualAsync([3], () => Task.FromResult(arrivals.Numbers), "numbers arrived");
        (await ListAsync(service, new() { OrderingKey = "k", State = PendingState.Pending })).Count.ShouldBe(2);
        (await Pending(service).CancelAsync(new() { OrderingKey = "k", State = PendingState.Failed }, "maria")).ShouldBe(1);

        await Eventually.EqualAsync([3, 1, 2], () => Task.FromResult(arrivals.Numbers), "numbers arrived");
        await Eventually.EqualAsync(0, () => world.CountAsync("outbox_key"), "keys left");
    }

    [Fact]
    public async Task Who_held_an_ordering_key_for_too_long_is_refused_when_an_operator_has_acted_on_it()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();
        // Nobody sends from now on.
        await world.Broker.RevokeCredentialsAsync();
        await AddAsync(service, 1, new MessageOptions { OrderingKey = "k" });
        var token = Guid.NewGuid();
        await world.Database.ExecuteAsync(
            "INSERT INTO reliable_mq.outbox_key (ordering_key, node, token, available_at) VALUES ('k', gen_random_uuid(), $1, clock_timestamp() - interval '1 second')", token);

        (await Pending(service).SendNowAsync(new() { OrderingKey = "k" }, "maria")).ShouldBe(1);

        (await world.CountAsync("outbox_key WHERE ordering_key = 'k' AND node IS NULL")).ShouldBe(1);
        (await world.Database.QueryAsync<Guid>("SELECT token FROM reliable_mq.outbox_key")).ShouldNotContain(token, "what it wrote by it would undo that");
    }

    [Fact]
    public async Task What_cannot_be_delivered_has_a_limit_where_one_is_set()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Settings["Outbox:MaxUndeliverableAttempts"] = "1");
        await AddAsync(service, 1, new MessageOptions { MessageId = "m1" });

        await Eventually.EqualAsync(1, async () => (await ListAsync(service, new() { State = PendingState.Failed })).Count, "failed messages");
        await world.BindPlainQueueAsync("late", "tests", "#");
        (await Pending(service).SendNowAsync(new() { MessageId = "m1" }, "maria")).ShouldBe(1);

        await Eventually.EqualAsync(["m1 sent 1"], () => HistoryAsync(world), "the history");
    }

    [Fact]
    public async Task A_destination_that_fails_is_paused_by_itself_and_all_of_its_messages_follow_when_it_takes_them_again()
    {
        const int count = 300;
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("good", "tests", "tests.followed.v1");
        await using var service = await world.StartAsync(setup => setup.Settings["Outbox:MaxUnconfirmed"] = "10");
        await service.SaveAsync([.. Enumerable.Range(0, count).SelectMany(number => new object[] { new Numbered(number), new Followed(number) })]);

        await Eventually.EqualAsync(count, () => world.CountAsync("outbox_history"), "messages sent of the good destination");
        var waiting = await Eventually.FoundAsync(async () => await ListAsync(service, new() { State = PendingState.Retrying }) is { Count: count } all ? all : null, "all of the others, with their reason");
        waiting.ShouldAllBe(message => message.ErrorKind == "returned" && message.Error!.Contains("312 NO_ROUTE"));
        // Those that were on their way when the first one came back were tried; no others.
        waiting.Count(message => message.Attempts > 0).ShouldBeLessThan(count / 4);
        waiting.First(message => message.Attempts == 0).Error.ShouldBe(
            "Not tried, because an earlier message to the same destination failed: The broker returned the message: 312 NO_ROUTE (exchange \"tests\", routing key \"tests.numbered.v1\").");

        await world.BindPlainQueueAsync("late", "tests", "tests.numbered.v1");

        await Eventually.EqualAsync(2 * count, () => world.CountAsync("outbox_history"), "messages sent", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task What_is_set_aside_is_tried_when_the_pause_ends_though_another_process_has_sent_the_one_that_failed()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();
        await AddAsync(service, 0, new MessageOptions { MessageId = "first" });
        await Eventually.EqualAsync(1, async () => (await ListAsync(service, new() { State = PendingState.Retrying })).Count, "messages returned");
        await service.SaveAsync([.. Enumerable.Range(1, 20).Select(number => new Numbered(number))]);
        await Eventually.EqualAsync(21, async () => (await ListAsync(service, new() { State = PendingState.Retrying })).Count, "messages with their reason");

        await world.Database.ExecuteAsync("DELETE FROM reliable_mq.outbox WHERE attempts > 0");
        await world.BindPlainQueueAsync("late", "tests", "#");

        // The rows themselves would come back in seven minutes at the earliest.
        await Eventually.EqualAsync(0, () => world.CountAsync("outbox"), "rows left in the outbox", TimeSpan.FromSeconds(90));
    }

    [Fact]
    public async Task A_time_that_has_come_already_delays_nothing()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await using var service = await world.StartAsync(setup => setup.Settings["Outbox:PollInterval"] = "00:01:00");

        await AddAsync(service, 1, new MessageOptions { DeliverAfter = TimeSpan.Zero });
        await AddAsync(service, 2, new MessageOptions { DeliverAt = TimeProvider.System.GetUtcNow().AddHours(-1) });
        await AddAsync(service, 3, new MessageOptions { DeliverAfter = TimeSpan.Zero, OrderingKey = "k" });

        // A lease would be thirty seconds.
        await Eventually.EqualAsync((IEnumerable<int>)[1, 2, 3], () => Task.FromResult(arrivals.Numbers.Order().AsEnumerable()), "numbers arrived", TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_scheduled_message_stored_without_EF_leaves_in_time_though_nobody_told_of_its_commit()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await using var service = await world.StartAsync(setup => setup.Settings["Outbox:PollInterval"] = "00:01:00");
        await using var connection = new NpgsqlConnection(world.Database.ConnectionString);
        await connection.OpenAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await service.Host.Services.GetRequiredService<IOutbox>().AddAsync(transaction, new Numbered(1), new MessageOptions { DeliverAfter = TimeSpan.FromSeconds(1) });
            await AddAsync(service, 2);
            await Eventually.EqualAsync([2], () => Task.FromResult(arrivals.Numbers), "numbers arrived");
            await transaction.CommitAsync();
        }

        await Eventually.EqualAsync([2, 1], () => Task.FromResult(arrivals.Numbers), "numbers arrived", TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task The_copy_of_a_message_that_was_handled_in_time_is_no_dead_letter_when_it_comes_late()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(concurrency: 1));
        await AddAsync(service, 1, new MessageOptions { MessageId = "m1", ExpiresAfter = TimeSpan.FromHours(1) });
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");

        await world.Broker.PublishAsync("", "tests.numbers", "{\"number\":1,\"text\":null}", new RabbitMQ.Client.BasicProperties
        {
            MessageId = "m1", Type = "tests.numbered.v1", ContentType = "application/json",
            Headers = new Dictionary<string, object?> { ["x-reliable-mq-expires-at"] = 1_000L },
        });
        await AddAsync(service, 2);
        await Eventually.EqualAsync([1, 2], world.EffectsAsync, "effects, one after the other");

        await world.ShouldHaveSettledAllAsync(service, "tests.numbers", "tests.numbers.dead");
        (await world.CountAsync("dead_letter")).ShouldBe(0);
    }

    [Fact]
    public async Task Sending_goes_on_after_outcomes_that_the_database_could_not_or_would_not_take()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await using var service = await world.StartAsync(setup =>
        {
            setup.Settings["Outbox:Lease"] = "00:00:10";
            setup.Settings["Broker:ConfirmTimeout"] = "00:00:02";
            setup.Settings["Broker:Heartbeat"] = "00:00:01";
        });
        await world.Database.ExecuteAsync(
            """
            CREATE SEQUENCE tries;
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $body$
            BEGIN
                CASE nextval('tries')
                    WHEN 1 THEN RAISE EXCEPTION 'shut down' USING ERRCODE = '57P01';
                    WHEN 2 THEN RAISE EXCEPTION 'read only' USING ERRCODE = '25006';
                    WHEN 3 THEN RAISE EXCEPTION 'bad data' USING ERRCODE = '22023';
                    ELSE RETURN NEW;
                END CASE;
            END $body$;
            CREATE TRIGGER refuse BEFORE INSERT ON reliable_mq.outbox_history FOR EACH ROW EXECUTE FUNCTION refuse();
            """);

        await AddAsync(service, 1);
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId == 2007), "an outcome that is refused");
        await AddAsync(service, 2);

        await Eventually.EqualAsync(0, () => world.CountAsync("outbox"), "rows left in the outbox");
        arrivals.Numbers.Distinct().Order().ShouldBe([1, 2]);
    }

    [Fact]
    public async Task While_a_destination_fails_one_message_is_tried_at_a_time()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();
        await AddAsync(service, 0);
        await Eventually.EqualAsync(1, async () => (await ListAsync(service, new() { State = PendingState.Retrying })).Count, "messages returned");

        await service.SaveAsync([.. Enumerable.Range(1, 100).Select(number => new Numbered(number))]);
        await Eventually.TrueAsync(async () => (await ListAsync(service)).Sum(message => message.Attempts) >= 4, "further attempts");

        (await ListAsync(service)).Sum(message => message.Attempts).ShouldBeLessThan(10);
        await Eventually.EqualAsync(101, async () => (await ListAsync(service, new() { State = PendingState.Retrying })).Count, "messages with their reason");
    }

    [Fact]
    public async Task A_missing_exchange_is_a_matter_of_the_destination_and_not_of_the_message()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Settings["Outbox:MaxAttempts"] = "1");
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.outbox (id, message_id, name, exchange, routing_key, content_type, body, created_at, available_at)
            SELECT gen_random_uuid(), 'm1', 'n', 'amq.rabbitmq.trace', 'x', 'application/json', ''::bytea, clock_timestamp(), clock_timestamp()
            """);

        var row = await Eventually.FoundAsync(async () => (await ListAsync(service)).Find(message => message.ErrorKind is not null), "the message with its reason");

        row.State.ShouldBe(PendingState.Retrying);
        row.ErrorKind.ShouldBe("returned");
        row.Error.ShouldNotBeNull().ShouldContain("ACCESS_REFUSED");
    }

    [Fact]
    public async Task An_expired_message_is_not_sent_and_ends_in_the_history()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("target", "tests", "#");
        await using var service = world.Build();
        await (await world.StartAsync()).DisposeAsync();
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.outbox (id, message_id, name, exchange, routing_key, content_type, body, created_at, available_at, expires_at)
            SELECT gen_random_uuid(), 'm1', 'tests.numbered.v1', 'tests', 'tests.numbered.v1', 'application/json', ''::bytea, clock_timestamp(), clock_timestamp(), clock_timestamp() - interval '1 second'
            """);

        await service.StartAsync();

        await Eventually.EqualAsync(["m1 expired 0"], () => HistoryAsync(world), "the history");
        (await world.Broker.GetAsync("target")).ShouldBeNull();
        await service.Logs.WaitForAsync(entry => entry.EventId == 2008, "the log says so");
    }

    [Fact]
    public async Task A_message_that_expires_on_its_way_becomes_a_dead_letter()
    {
        await using var world = await World.CreateAsync();
        await using var producer = await world.StartAsync();
        await world.BindPlainQueueAsync("tests.numbers", "tests", "tests.numbered.v1", QueueArguments);
        await AddAsync(producer, 1, new MessageOptions { MessageId = "late", ExpiresAfter = TimeSpan.FromMilliseconds(500) });
        await AddAsync(producer, 2, new MessageOptions { MessageId = "in time", ExpiresAfter = TimeSpan.FromHours(1) });
        await Eventually.EqualAsync(2, () => world.CountAsync("outbox_history"), "messages sent");
        await Eventually.TrueAsync(() => world.Database.ScalarAsync<bool>("SELECT bool_or(expires_at < clock_timestamp()) FROM reliable_mq.outbox_history"), "the first has expired");

        await using var consumer = await world.StartAsync(setup => setup.HandleNumbered());

        await Eventually.EqualAsync([2], world.EffectsAsync, "effects");
        var dead = await Eventually.FoundAsync(async () => await consumer.DeadLetters.ListAsync().FirstOrDefaultAsync(), "the dead letter");
        dead.MessageId.ShouldBe("late");
        dead.Reason.ShouldMatch("^The message \"tests.numbered.v1\" expired at .*, before it was handled.$");
    }

    [Fact]
    public async Task Priority_and_expiration_travel_with_the_message_and_with_its_scheduled_retry()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("plain", "tests", "#");
        var attempts = 0;
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "31s", before: (_, _) =>
            Interlocked.Increment(ref attempts) == 1 ? throw new InvalidOperationException("not yet") : Task.CompletedTask));
        await service.ConsumingAsync();

        await AddAsync(service, 1, new MessageOptions { Priority = 7, ExpiresAfter = TimeSpan.FromHours(1) });

        var sent = await Eventually.FoundAsync(() => world.Broker.GetAsync("plain"), "the message");
        sent.BasicProperties.Priority.ShouldBe((byte)7);
        var expiresAt = sent.BasicProperties.Headers!["x-reliable-mq-expires-at"].ShouldBeOfType<long>();
        (expiresAt - (long)sent.BasicProperties.Headers["x-reliable-mq-sent-at"]!).ShouldBeInRange(3_599_000, 3_601_000);

        await Eventually.EqualAsync(1, async () => (await ListAsync(service, new() { State = PendingState.Scheduled })).Count, "scheduled retries");
        (await world.Database.QueryAsync<string>("SELECT priority || ' ' || headers FROM reliable_mq.outbox WHERE due_at IS NOT NULL"))
            .ShouldHaveSingleItem().ShouldMatch("^7 .*x-reliable-mq-expires-at");
        (await Pending(service).SendNowAsync(new() { State = PendingState.Scheduled }, "maria")).ShouldBe(1);
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    /// <summary>Message m1 has failed, and its next attempt is in an hour.</summary>
    private static async Task<TestService> StartWithScheduledAttemptAsync(World world, Signal mended)
    {
        var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "1h", before: (_, _) => mended.IsSet ? Task.CompletedTask : throw new InvalidOperationException("not yet")));
        await service.ConsumingAsync();
        await AddAsync(service, 1, new MessageOptions { MessageId = "m1" });
        await Eventually.EqualAsync("scheduled", () => world.Database.ScalarAsync<string>("SELECT state FROM reliable_mq.failure"), "the state of the failure");
        return service;
    }

    private static readonly Dictionary<string, object?> QueueArguments = new()
    {
        ["x-queue-type"] = "quorum",
        ["x-delivery-limit"] = 1_000_000L,
        ["x-dead-letter-exchange"] = "",
        ["x-dead-letter-routing-key"] = "tests.numbers.dead",
        ["x-dead-letter-strategy"] = "at-least-once",
        ["x-overflow"] = "reject-publish",
    };

    private static IPendingMessages Pending(TestService service) => service.Host.Services.GetRequiredService<IPendingMessages>();

    private static async Task<List<PendingMessage>> ListAsync(TestService service, PendingMessageFilter? filter = null) =>
        await Pending(service).ListAsync(filter).ToListAsync();

    private static Task<List<string>> HistoryAsync(World world) =>
        world.Database.QueryAsync<string>("SELECT message_id || ' ' || outcome || ' ' || attempts FROM reliable_mq.outbox_history ORDER BY message_id");

    private static Task AddAsync(TestService service, int number, MessageOptions? options = null) => service.UseAsync(async db =>
    {
        db.AddMessage(new Numbered(number), options);
        await db.SaveChangesAsync();
    });

    /// <summary>The broker closes the channel over a header of its own that has the wrong type.</summary>
    private static Task StoreRefusedAsync(World world, string? orderingKey) => world.Database.ExecuteAsync(
        """
        INSERT INTO reliable_mq.outbox (id, message_id, name, exchange, routing_key, content_type, headers, body, ordering_key, ordered, created_at, available_at)
            SELECT '019a0000-0000-7000-8000-000000000000', 'killer', 'killer', 'tests', 'tests.numbered.v1', 'application/json', '{"CC": "no list"}', ''::bytea,
                   $1::text, $1::text IS NOT NULL, clock_timestamp(), clock_timestamp()
        """, orderingKey);
}
