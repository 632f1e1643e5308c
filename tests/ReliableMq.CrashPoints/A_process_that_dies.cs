using System.Text;
using System.Text.Json;
using RabbitMQ.Client;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.CrashPoints;

/// <summary>
/// A service dies at one exact point, and the next one finishes what it began. Sent and handled by the same service, so that
/// whatever was left, only its own successor can take it up.
/// </summary>
public sealed class A_process_that_dies
{
    [Theory]
    [InlineData("after commit, before hand-over")]
    [InlineData("after publish, before confirm")]
    [InlineData("after confirm, before finish")]
    [InlineData("after receive, before inbox")]
    [InlineData("after inbox, before handler")]
    [InlineData("after commit, before ack")]
    public async Task On_the_way_of_a_message_leaves_it_one_effect(string point)
    {
        await using var world = await World.CreateAsync();
        await world.DieAsync(point, "7");
        await using var successor = await world.StartAsync();
        await Eventually.EqualAsync(1L, () => world.CountAsync("effect"), "effects", TimeSpan.FromMinutes(2));
        await world.ShouldComeToRestAsync();
        (await world.EffectsAsync()).ShouldBe([7]);
        (await world.CountAsync("reliable_mq.dead_letter")).ShouldBe(0);
    }

    [Fact]
    public async Task Between_the_dead_letter_and_its_nack_leaves_one_dead_letter_that_can_be_replayed()
    {
        await using var world = await World.CreateAsync();
        await world.DieAsync("after dead letter, before nack", "-7");
        await using var successor = await world.StartAsync();
        await world.ShouldComeToRestAsync();
        (await world.EffectsAsync()).ShouldBeEmpty();
        (await world.Database.QueryAsync<string>("SELECT reason FROM reliable_mq.dead_letter")).ShouldHaveSingleItem().ShouldContain("-7 needs mending.");

        await world.MendAsync(-7);
        await successor.WriteLineAsync(Service.Replay);
        await Eventually.EqualAsync(1L, () => world.CountAsync("effect"), "effects");
        await world.ShouldComeToRestAsync();
        (await world.EffectsAsync()).ShouldBe([-7]);
    }

    [Fact]
    public async Task In_a_replay_leaves_it_to_its_successor()
    {
        await using var world = await World.CreateAsync();
        await using (var healthy = await world.StartAsync())
        {
            await healthy.WriteLineAsync("-7");
            await healthy.WriteLineAsync("-8");
            await Eventually.EqualAsync(2L, () => world.CountAsync("reliable_mq.dead_letter"), "dead letters");
            await world.ShouldComeToRestAsync();
            healthy.Kill();
        }

        await world.MendAsync(-7);
        await world.MendAsync(-8);
        await world.DieAsync("in a replay", Service.Replay);
        (await world.EffectsAsync()).ShouldBeEmpty();
        await using var successor = await world.StartAsync();
        await Eventually.EqualAsync(2L, () => world.CountAsync("effect"), "effects", TimeSpan.FromMinutes(2));
        await world.ShouldComeToRestAsync();
        (await world.EffectsAsync()).ShouldBe([-8, -7]);
        (await world.CountAsync("reliable_mq.replay WHERE finished_at IS NULL")).ShouldBe(0);
    }

    [Fact]
    public async Task Between_telling_an_alert_and_marking_it_makes_it_told_again()
    {
        await using var world = await World.CreateAsync();
        await world.DieAsync("after alert sent, before marked", "-7");
        (await world.CountAsync("told")).ShouldBe(1);
        await using var successor = await world.StartAsync();
        await Eventually.EqualAsync(2L, () => world.CountAsync("told"), "tellings", TimeSpan.FromMinutes(2));
        await world.ShouldComeToRestAsync();
        (await world.CountAsync("(SELECT DISTINCT id, count FROM told) AS t")).ShouldBe(1, "it is the same alert, and counts the same");
        (await world.CountAsync("reliable_mq.alert")).ShouldBe(1);
        (await world.CountAsync("reliable_mq.dead_letter")).ShouldBe(1);
    }

    [Fact]
    public async Task In_housekeeping_forgets_nothing_that_must_be_kept()
    {
        await using var world = await World.CreateAsync();
        await using (var healthy = await world.StartAsync())
        {
            await healthy.WriteLineAsync("7");
            await Eventually.EqualAsync(1L, () => world.CountAsync("effect"), "effects");
            await world.ShouldComeToRestAsync();
            healthy.Kill();
        }

        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.inbox (queue, message_id, fingerprint, epoch, handled_at)
            SELECT $1, 'old-' || n, gen_random_uuid(), 0, clock_timestamp() - interval '60 days' + n * interval '1 second' FROM generate_series(1, 2500) AS n
            """, NumberHandlers.Queue);
        await world.DieAsync("in housekeeping", Service.Housekeep);
        (await world.CountAsync("reliable_mq.inbox")).ShouldBe(1501, "one batch was removed");

        await using var successor = await world.StartAsync();
        await successor.WriteLineAsync(Service.Housekeep);
        await Eventually.EqualAsync(1L, () => world.CountAsync("reliable_mq.inbox"), "remembered messages");
        await world.SendAgainAsync();
        await world.ShouldComeToRestAsync();
        (await world.EffectsAsync()).ShouldBe([7], "its inbox row is still there");
        (await world.CountAsync("reliable_mq.dead_letter")).ShouldBe(0);
    }

    private sealed class World : IAsyncDisposable
    {
        private World(TestVirtualHost broker, TestDatabase database) => (Broker, Database) = (broker, database);

        public TestVirtualHost Broker { get; }

        public TestDatabase Database { get; }

        public static async Task<World> CreateAsync()
        {
            var world = new World(await TestVirtualHost.CreateAsync(), await TestDatabase.CreateAsync());
            await world.Database.ExecuteAsync(
                """
                CREATE TABLE effect (number integer NOT NULL);
                CREATE TABLE mended (number integer NOT NULL);
                CREATE TABLE told (id bigint NOT NULL, count bigint NOT NULL);
                """);
            return world;
        }

        /// <summary>A service that consumes.</summary>
        public async Task<ChildProcess> StartAsync()
        {
            var process = Start(point: null);
            await ConsumingAsync(process);
            return process;
        }

        /// <summary>A service is told to do something, and does not survive it.</summary>
        public async Task DieAsync(string point, string word)
        {
            await using var process = Start(point);
            await ConsumingAsync(process);
            try
            {
                await process.WriteLineAsync(word);
            }
            catch (IOException)
            {
                // What is due at its start has brought it there already.
            }

            (await process.WaitForExitAsync(TimeSpan.FromMinutes(2))).ShouldBe(137, $"the process dies {point}");
        }

        private ChildProcess Start(string? point) => ChildProcess.StartDotNet(
            typeof(World).Assembly.Location,
            ["service", JsonSerializer.Serialize(new Addresses($"{Broker.HostName}:{Broker.Port}", Broker.VirtualHost, Broker.UserName, Broker.Password, Database.ConnectionString))],
            new Dictionary<string, string?> { ["RELIABLEMQ_CRASH_AT"] = point });

        private Task ConsumingAsync(ChildProcess process) => Eventually.TrueAsync(
            () => process.HasExited ? Task.FromResult(true) : Broker.UseChannelAsync(async channel => await channel.ConsumerCountAsync(NumberHandlers.Queue) > 0),
            "it consumes", TimeSpan.FromMinutes(2));

        public Task MendAsync(int number) => Database.ExecuteAsync("INSERT INTO mended VALUES ($1)", number);

        /// <summary>The broker delivers the message that was sent once more.</summary>
        public async Task SendAgainAsync()
        {
            var (id, body) = (await Database.QueryAsync("SELECT message_id, body FROM reliable_mq.outbox_history", row => (row.GetString(0), row.GetFieldValue<byte[]>(1)))).Single();
            await Broker.PublishAsync("", NumberHandlers.Queue, Encoding.UTF8.GetString(body), new BasicProperties { MessageId = id, Type = "crashes.number.v1", ContentType = "application/json" });
        }

        public async Task ShouldComeToRestAsync()
        {
            await Eventually.EqualAsync(0L, () => CountAsync("reliable_mq.outbox"), "unsent messages", TimeSpan.FromMinutes(2));
            await Eventually.TrueAsync(async () => (await Broker.ListQueuesAsync()).All(queue => queue.Messages == 0), "all queues are empty", TimeSpan.FromMinutes(2));
        }

        public async Task<IEnumerable<int>> EffectsAsync() => await Database.QueryAsync<int>("SELECT number FROM effect ORDER BY number");

        public Task<long> CountAsync(string rows) => Database.ScalarAsync<long>($"SELECT count(*) FROM {rows}");

        public async ValueTask DisposeAsync()
        {
            await Broker.DisposeAsync();
            await Database.DisposeAsync();
        }
    }
}
