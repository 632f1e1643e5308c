using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using RabbitMQ.Client;
using ReliableMq.Inbox;
using ReliableMq.Integration.Laws;
using ReliableMq.Integration.Support;
using ReliableMq.Scheduling;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class What_the_inbox_remembers
{
    [Fact]
    public async Task A_message_first_sent_before_what_is_remembered_is_dead_lettered_and_not_run()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world);
        var sentAt = DaysAgo(20);
        await PublishAsync(world, "m", sentAt);
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await world.Database.ExecuteAsync("UPDATE reliable_mq.inbox SET handled_at = '2020-02-03 04:05:06+00'");
        await KeepHouseAsync(service);
        (await world.CountAsync("inbox")).ShouldBe(0);

        await PublishAsync(world, "m", new DateTimeOffset(2020, 2, 3, 4, 5, 5, TimeSpan.Zero));

        var dead = await Eventually.FoundAsync(() => Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter");
        dead.MessageId.ShouldBe("m");
        dead.Reason.ShouldBe("The message \"tests.numbered.v1\" was first sent at 2020-02-03T04:05:05.0000000+00:00, but the inbox of \"tests.numbers\" no longer knows all that was handled until 2020-02-03T04:05:06.0000000+00:00, so it may have been handled before. Replay it if its effect is missing, discard it if not. If such messages are expected, raise \"ReliableMq:Inbox:KeepHandled\".");
        (await world.EffectsAsync()).ShouldBe([1]);
        await MergedAsync(service);
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers", "tests.numbers.dead");
    }

    [Fact]
    public async Task A_message_older_than_the_retention_is_handled_where_nothing_younger_was_forgotten()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world);
        await ForgottenAsync(world, TimeSpan.FromDays(30));
        await ForgottenAsync(world, TimeSpan.FromDays(14), "another.queue");

        await PublishAsync(world, "m", DaysAgo(20));

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task A_message_that_was_stored_long_ago_and_due_now_is_handled()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world);
        await ForgottenAsync(world, TimeSpan.FromDays(14));
        await service.UseAsync(db =>
        {
            db.AddMessage(new Numbered(1), new MessageOptions { DeliverAfter = TimeSpan.FromDays(20) });
            return db.SaveChangesAsync();
        });

        await world.Database.ExecuteAsync(
            "UPDATE reliable_mq.outbox SET created_at = created_at - interval '20 days', due_at = clock_timestamp(), available_at = clock_timestamp()");

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    [Theory]
    [InlineData("failing")]
    [InlineData("scheduled")]
    public async Task A_message_that_failed_before_is_known_not_to_be_done_and_runs_however_old_it_is(string state)
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world);
        await ForgottenAsync(world, TimeSpan.FromDays(14));
        await world.Database.ExecuteAsync($"INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state) VALUES ('tests.numbers', 'm', 0, 1, '{state}')");

        await PublishAsync(world, "m", DaysAgo(40));

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task A_foreign_sender_tells_the_time_by_the_timestamp_and_without_one_its_message_runs()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world);
        await ForgottenAsync(world, TimeSpan.FromDays(14));
        var old = Properties("old");
        old.Timestamp = new AmqpTimestamp(DaysAgo(15).ToUnixTimeSeconds());
        await world.Broker.PublishAsync("", "tests.numbers", """{"number":1}""", old);
        await world.Broker.PublishAsync("", "tests.numbers", """{"number":2}""", Properties("timeless"));

        (await Eventually.FoundAsync(() => Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter")).MessageId.ShouldBe("old");
        await Eventually.EqualAsync([2], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task A_batch_leaves_out_what_is_too_old_and_what_comes_under_a_used_id()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Handlers.Add(new HandlerDefinition
        {
            Queue = "tests.numbers", MessageName = "tests.numbered.v1", MessageType = typeof(Numbered), HandlerName = "batch", BatchSize = 4, Linger = "1m", Retry = "",
            InvokeBatch = async (services, messages, _) =>
            {
                services.GetRequiredService<TestDb>().Effects.AddRange(messages.Select(message => new Effect { Number = ((Numbered)message).Number }));
                await Task.CompletedTask;
            },
        }));
        await service.ConsumingAsync();
        await ForgottenAsync(world, TimeSpan.FromDays(14));
        await world.Database.ExecuteAsync(
            "INSERT INTO reliable_mq.inbox (queue, message_id, fingerprint, epoch) VALUES ('tests.numbers', 'used', '00000000-0000-0000-0000-000000000001', 0)");
        await PublishAsync(world, "old", DaysAgo(15), 1);
        await PublishAsync(world, "used", DaysAgo(0), 2);
        await PublishAsync(world, "good", DaysAgo(0), 3);
        await PublishAsync(world, "well", DaysAgo(0), 4);

        await Eventually.EqualAsync([3, 4], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(2, () => world.CountAsync("dead_letter"), "dead letters");
        await MergedAsync(service);
        await world.ShouldHaveSettledAllAsync(service, "tests.numbers", "tests.numbers.dead");
    }

    [Fact]
    public async Task A_delivery_that_meets_the_removal_of_its_row_sees_that_it_was_forgotten()
    {
        await using var world = await World.CreateAsync();
        await using var service = await StartAsync(world);
        var sentAt = DaysAgo(20);
        await PublishAsync(world, "m", sentAt);
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await world.Database.ExecuteAsync("UPDATE reliable_mq.inbox SET handled_at = handled_at - interval '19 days'");
        await using var connection = await world.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var remove = new NpgsqlCommand(new InboxSql("reliable_mq").RemoveHandled, connection)
        {
            Parameters = { new NpgsqlParameter("keep", TimeSpan.FromDays(14)), new NpgsqlParameter("limit", 10), new NpgsqlParameter("after", DateTime.UnixEpoch) },
        };
        (await remove.ExecuteScalarAsync()).ShouldBe(1L);

        await PublishAsync(world, "m", sentAt);
        await Eventually.TrueAsync(
            () => world.Database.ScalarAsync<bool>("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"),
            "the delivery waits for its row");
        await transaction.CommitAsync();

        (await Eventually.FoundAsync(() => Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter")).MessageId.ShouldBe("m");
        (await world.EffectsAsync()).ShouldBe([1]);
    }

    [Fact]
    public async Task Housekeeping_removes_what_was_handled_or_discarded_long_ago_and_nothing_that_waits()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Settings["Inbox:KeepHandled"] = "2.00:00:00");
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.inbox (queue, message_id, handled_at, fingerprint, epoch)
            SELECT 'q' || n % 2, 'm' || n, clock_timestamp() - interval '49 hours 1 minute' - n * interval '1 second', gen_random_uuid(), 0 FROM generate_series(1, 2500) AS n;
            INSERT INTO reliable_mq.inbox (queue, message_id, handled_at, fingerprint, epoch)
            VALUES ('q1', 'kept', clock_timestamp() - interval '48 hours 59 minutes', gen_random_uuid(), 0);
            INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state)
            VALUES ('q0', 'm2', 0, 1, 'failing'), ('q0', 'other', 0, 1, 'failing'), ('q2', 'waits', 0, 5, 'dead'), ('q2', 'gone', 0, 5, 'discarded'), ('q2', 'young', 0, 5, 'discarded');
            INSERT INTO reliable_mq.dead_letter (queue, message_id, epoch, name, exchange, routing_key, body, attempts, reason, dead_at, discarded_at)
            SELECT 'q2', id, 0, 'n', '', '', ''::bytea, 5, 'r', clock_timestamp() - interval '1 year', discarded
            FROM (VALUES ('waits', NULL), ('gone', '2020-01-01Z'), ('young', clock_timestamp())) AS d (id, discarded);
            INSERT INTO reliable_mq.inbox_horizon (queue, forgotten_until) VALUES ('q0', clock_timestamp());
            """);

        await Task.WhenAll(KeepHouseAsync(service), KeepHouseAsync(service));
        await KeepHouseAsync(service);

        (await world.Database.QueryAsync<string>("SELECT message_id FROM reliable_mq.inbox")).ShouldBe(["kept"]);
        (await world.Database.QueryAsync<string>("SELECT message_id FROM reliable_mq.dead_letter ORDER BY 1")).ShouldBe(["waits", "young"]);
        // "m2" is done, though its failure was noted when an answer was lost.
        (await world.Database.QueryAsync<string>("SELECT message_id FROM reliable_mq.failure ORDER BY 1")).ShouldBe(["other", "waits", "young"]);
        (await world.Database.QueryAsync<string>(
            """
            SELECT queue || ' ' || CASE WHEN forgotten_until > clock_timestamp() - interval '10 minutes' THEN 'not lowered'
                WHEN clock_timestamp() - forgotten_until BETWEEN interval '49 hours 1 minute' AND interval '49 hours 10 minutes' THEN 'newest removed' ELSE forgotten_until::date::text END
            FROM reliable_mq.inbox_horizon ORDER BY 1
            """)).ShouldBe(["q0 not lowered", "q1 newest removed", "q2 2020-01-01"]);
    }

    /// <summary>The copy that the dead-letter queue brings has come.</summary>
    private static Task MergedAsync(TestService service) =>
        Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 7004), "the copy of the dead letter has come");

    private static DateTimeOffset DaysAgo(int days) => TimeProvider.System.GetUtcNow().AddDays(-days);

    internal static Task KeepHouseAsync(TestService service) =>
        service.Host.Services.GetServices<IScheduledWork>().Single(work => work.Name == "inbox-housekeeping").RunOnceAsync(CancellationToken.None);

    private static async Task<TestService> StartAsync(World world)
    {
        var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        return service;
    }

    private static Task ForgottenAsync(World world, TimeSpan ago, string queue = "tests.numbers") =>
        world.Database.ExecuteAsync($"INSERT INTO reliable_mq.inbox_horizon (queue, forgotten_until) VALUES ('{queue}', clock_timestamp() - interval '{ago.TotalSeconds} seconds')");

    private static Task PublishAsync(World world, string messageId, DateTimeOffset sentAt, int number = 1)
    {
        var properties = Properties(messageId);
        properties.Headers = new Dictionary<string, object?> { [MessageHeaders.SentAt] = sentAt.ToUnixTimeMilliseconds() };
        return world.Broker.PublishAsync("", "tests.numbers", $$"""{"number":{{number}}}""", properties);
    }

    private static BasicProperties Properties(string messageId) => new() { MessageId = messageId, Type = "tests.numbered.v1", ContentType = "application/json" };
}
