using ReliableMq.Faults.Checking;
using ReliableMq.TestSupport;
using Shouldly;
using Xunit;

namespace ReliableMq.Faults.Tests;

/// <summary>Each thing that has to be gone at the end is missed when it is not.</summary>
public sealed class LeftOversTests
{
    /// <summary>The tables without their rules, so that a row needs no more than what is looked at.</summary>
    private const string WithoutRules =
        """
        DO $$
        DECLARE wanted record;
        BEGIN
            FOR wanted IN SELECT conrelid::regclass AS name, conname FROM pg_constraint WHERE connamespace = 'reliable_mq'::regnamespace AND contype IN ('p', 'c', 'f', 'u') ORDER BY contype LOOP
                EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', wanted.name, wanted.conname);
            END LOOP;
            FOR wanted IN SELECT attrelid::regclass AS name, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
                          WHERE relnamespace = 'reliable_mq'::regnamespace AND relkind = 'r' AND attnum > 0 AND attnotnull AND attidentity = '' LOOP
                EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', wanted.name, wanted.attname);
            END LOOP;
        END $$
        """;

    private const string AnotherWasTold =
        """
        INSERT INTO reliable_mq.alert (kind, group_key) VALUES ('dead-letter', 'one'), ('dead-letter', 'another');
        INSERT INTO told SELECT id, kind, group_key, 1 FROM reliable_mq.alert WHERE group_key = 'one';
        INSERT INTO reliable_mq.alert_telling (alert_id, sink, tellings) SELECT id, 'log', 1 FROM reliable_mq.alert;
        """;

    public static TheoryData<string, string> OfBoth => new()
    {
        { "INSERT INTO reliable_mq.outbox DEFAULT VALUES", "messages in the outbox" },
        { "INSERT INTO reliable_mq.outbox_key DEFAULT VALUES", "ordering keys in the outbox" },
        { "INSERT INTO reliable_mq.alert_raise DEFAULT VALUES", "alerts not gathered" },
        { "INSERT INTO reliable_mq.alert DEFAULT VALUES", "alerts never told" },
        { AnotherWasTold, "alerts never told" },
    };

    public static TheoryData<string, string> OfTheConsumers => new()
    {
        { "INSERT INTO reliable_mq.failure (state) VALUES ('failing')", "messages that fail" },
        { "INSERT INTO reliable_mq.failure (state) VALUES ('scheduled')", "messages that fail" },
        { "INSERT INTO reliable_mq.parked DEFAULT VALUES", "parked messages" },
        { "INSERT INTO reliable_mq.replay DEFAULT VALUES", "replays under way" },
        { "INSERT INTO reliable_mq.dead_letter DEFAULT VALUES", "dead letters that no alert counts" },
    };

    [Theory]
    [MemberData(nameof(OfBoth))]
    public async Task A_row_that_either_service_leaves_is_found(string row, string what)
    {
        await using var stage = await EmptyStage.CreateAsync();
        (await stage.LookAsync()).ShouldBeEmpty();
        await stage.Sending.ExecuteAsync(row);
        (await stage.LookAsync()).ShouldBe([$"LeftOver: 1 {what} of the producers"]);
        await stage.Handling.ExecuteAsync(row);
        (await stage.LookAsync()).ShouldBe([$"LeftOver: 1 {what} of the producers", $"LeftOver: 1 {what} of the consumers"]);
    }

    [Theory]
    [MemberData(nameof(OfTheConsumers))]
    public async Task A_row_that_the_consumers_leave_is_found(string row, string what)
    {
        await using var stage = await EmptyStage.CreateAsync();
        await stage.Handling.ExecuteAsync(row);
        (await stage.LookAsync()).ShouldBe([$"LeftOver: 1 {what} of the consumers"]);
    }

    [Fact]
    public async Task What_is_dead_and_told_is_not_left_over()
    {
        await using var stage = await EmptyStage.CreateAsync();
        await stage.Handling.ExecuteAsync(
            """
            INSERT INTO reliable_mq.failure (state) VALUES ('dead');
            INSERT INTO reliable_mq.dead_letter DEFAULT VALUES;
            INSERT INTO reliable_mq.alert (kind, group_key, count) VALUES ('dead-letter', 'of a queue', 1);
            INSERT INTO told SELECT id, kind, group_key, 1 FROM reliable_mq.alert;
            """);
        (await stage.LookAsync()).ShouldBeEmpty();
        await stage.Handling.ExecuteAsync("INSERT INTO reliable_mq.dead_letter DEFAULT VALUES");
        (await stage.LookAsync()).ShouldBe(["LeftOver: 1 dead letters that no alert counts of the consumers"]);
    }

    [Fact]
    public async Task What_fails_or_is_parked_is_not_left_over_where_a_fault_took_messages_and_all_else_is()
    {
        await using var stage = await EmptyStage.CreateAsync();
        await stage.Handling.ExecuteAsync(
            """
            INSERT INTO reliable_mq.failure (state) VALUES ('failing');
            INSERT INTO reliable_mq.parked DEFAULT VALUES;
            INSERT INTO reliable_mq.outbox DEFAULT VALUES;
            """);
        (await stage.LookAsync(isTaken: true)).ShouldBe(["LeftOver: 1 messages in the outbox of the consumers"]);
    }

    [Fact]
    public async Task A_message_in_a_queue_is_found()
    {
        await using var stage = await EmptyStage.CreateAsync();
        await stage.Broker.UseChannelAsync(channel => channel.QueueDeclareAsync("left", durable: true, exclusive: false, autoDelete: false));
        (await stage.LookAsync()).ShouldBeEmpty();
        await stage.Broker.PublishAsync("", "left", "one");
        await Eventually.TrueAsync(async () => await stage.LookAsync() is ["LeftOver: 1 messages in the queue left, 0 of them unacknowledged"], "the message is found");
    }

    private sealed record EmptyStage(TestDatabase Sending, TestDatabase Handling, TestVirtualHost Broker) : IAsyncDisposable
    {
        public static async Task<EmptyStage> CreateAsync()
        {
            var stage = new EmptyStage(await TestDatabase.CreateAsync(), await TestDatabase.CreateAsync(), await TestVirtualHost.CreateAsync());
            foreach (var database in new[] { stage.Sending, stage.Handling })
            {
                await database.ExecuteAsync(ReliableMqSchema.Script());
                await database.ExecuteAsync(WithoutRules);
                await database.ExecuteAsync(Workload.BusinessTables.Script);
            }

            return stage;
        }

        public async Task<List<string>> LookAsync(bool isTaken = false) =>
            [.. (await new LeftOvers(Sending, Handling, Broker).LookAsync(isTaken)).Select(finding => finding.ToString())];

        public async ValueTask DisposeAsync()
        {
            await Sending.DisposeAsync();
            await Handling.DisposeAsync();
            await Broker.DisposeAsync();
        }
    }
}
