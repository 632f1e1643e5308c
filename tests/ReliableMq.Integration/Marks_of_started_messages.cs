using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using RabbitMQ.Client;
using ReliableMq.Inbox;
using ReliableMq.Integration.Support;
using ReliableMq.Receiving;
using ReliableMq.Storage;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>What is known of runs is judged only by those who can know, and ends with the life of its message.</summary>
public class Marks_of_started_messages
{
    private const string Queue = "tests.numbers";

    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task After_an_outage_of_the_database_a_process_that_lives_has_the_time_to_say_so()
    {
        await using var world = await World.CreateAsync();
        await using var broker = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        var address = new NpgsqlConnectionStringBuilder(world.Database.ConnectionString);
        await using var database = await TcpProxy.StartAsync(address.Host!, address.Port);
        await using var othersDatabase = await TcpProxy.StartAsync(address.Host!, address.Port);
        var gate = new Gate("the second attempt");
        void Setup(TestServiceSetup setup, TcpProxy through)
        {
            // A mark lasts six seconds.
            setup.Settings["Outbox:PollInterval"] = "00:00:02";
            setup.ConnectionString = new NpgsqlConnectionStringBuilder(setup.ConnectionString) { Host = through.Host, Port = through.Port, Timeout = 3 }.ConnectionString;
            setup.HandleNumbered(retry: "100ms, 100ms", before: (_, context) => context.Attempt switch
            {
                1 => throw new InvalidOperationException("once"),
                2 => gate.PassAsync(context.CancellationToken),
                _ => Task.CompletedTask,
            });
        }

        await using var first = await world.StartAsync(setup =>
        {
            setup.Through(broker);
            Setup(setup, database);
        });
        await first.ConsumingAsync();
        await first.SaveAsync(new Numbered(1));
        await gate.WaitForCallersAsync();
        await using var other = await world.StartAsync(setup => Setup(setup, othersDatabase));
        await other.ConsumingAsync();

        Cut(database);
        Cut(othersDatabase);
        await broker.CutAsync();
        await Eventually.TrueAsync(async () => await world.CountAsync("started WHERE alive_until < clock_timestamp() - interval '1 s'") == 1, "the mark is too old");
        Consuming(other).ShouldBe(1);
        othersDatabase.Accepting = true;
        await Eventually.TrueAsync(() => Consuming(other) > 1, "the other consumes again", TimeSpan.FromMinutes(1));
        await Consistently.EqualAsync(TimeSpan.FromSeconds(2), 0L, () => world.CountAsync("started WHERE suspect"), "suspects");
        database.Accepting = true;
        await Consistently.EqualAsync(TimeSpan.FromSeconds(8), 0L, () => world.CountAsync("started WHERE suspect"), "suspects");
        gate.Waiting.ShouldBe(1, "only the first runs");
        gate.Open();

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects", TimeSpan.FromMinutes(1));
        await Eventually.EqualAsync(0L, () => world.CountAsync("started"), "marks");
        (await world.CountAsync("dead_letter")).ShouldBe(0);
        other.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 5020);

        static int Consuming(TestService service) => service.Logs.Entries.Count(entry => entry.EventId.Id == 4001 && entry.Message.Contains($"{Queue}\"", StringComparison.Ordinal));
        static void Cut(TcpProxy proxy)
        {
            proxy.Accepting = false;
            proxy.ResetAll();
        }
    }

    [Fact]
    public async Task One_that_somebody_has_locked_keeps_no_other_from_being_renewed_and_is_cleared_later()
    {
        await using var world = await World.CreateAsync();
        var gate = new Gate("handlers");
        await using var service = await world.StartAsync(setup =>
        {
            setup.Settings["Outbox:PollInterval"] = "00:00:01";
            setup.HandleNumbered(retry: "", before: async (_, context) =>
            {
                await gate.PassAsync(context.CancellationToken);
                context.DeadLetter("seen");
            });
        });
        await service.ConsumingAsync();
        foreach (var id in new[] { "m-1", "m-2" })
        {
            await PublishAsync(world, id, epoch: 1);
        }

        await gate.WaitForCallersAsync(2);
        await using var connection = new NpgsqlConnection(world.Database.ConnectionString);
        await connection.OpenAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using (var command = new NpgsqlCommand("SELECT FROM reliable_mq.started WHERE message_id = 'm-1' FOR UPDATE", connection, transaction))
            {
                await command.ExecuteNonQueryAsync();
            }

            // Longer than a mark lasts that nobody renews.
            await Consistently.EqualAsync(TimeSpan.FromSeconds(6), 1L, () => world.CountAsync("started WHERE message_id = 'm-2' AND alive_until > clock_timestamp()"), "marks that are renewed");
            await transaction.RollbackAsync();
        }

        gate.Open();
        await Eventually.EqualAsync(2L, () => world.CountAsync("dead_letter"), "dead letters");
        await Eventually.EqualAsync(0L, () => world.CountAsync("started"), "marks");
    }

    [Fact]
    public async Task The_end_of_a_run_does_not_clear_the_mark_of_the_next_and_waits_for_no_lock()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        var table = new StartTable(service.Host.Services.GetRequiredService<ServiceDatabases>().All.Single(), Lease);
        var (delivery, key) = (DeliveryOf("m-1"), new MarkKey(Queue, "m-1"));
        await using var connection = new NpgsqlConnection(world.Database.ConnectionString);
        await connection.OpenAsync();
        await using var locking = new NpgsqlConnection(world.Database.ConnectionString);
        await locking.OpenAsync();

        var first = (await table.MarkAsync(connection, delivery, CancellationToken.None))!.Value;
        (await table.MarkAsync(connection, delivery, CancellationToken.None)).ShouldBeNull();
        var second = (await table.TakeOverAsync(connection, delivery, (await table.ReadAsync(connection, delivery, CancellationToken.None))!, CancellationToken.None))!.Value;
        (await EndAsync(first)).ShouldBeEmpty();
        (await world.CountAsync("started")).ShouldBe(1, "another run");

        await using (var transaction = await locking.BeginTransactionAsync())
        {
            await using var command = new NpgsqlCommand("SELECT FROM reliable_mq.started FOR UPDATE", locking, transaction);
            await command.ExecuteNonQueryAsync();
            (await EndAsync(second)).ShouldBe([key]);
            (await world.CountAsync("started")).ShouldBe(1);
        }

        (await EndAsync(second)).ShouldBeEmpty();
        (await world.CountAsync("started")).ShouldBe(0);

        Task<HashSet<MarkKey>> EndAsync(DateTime startedAt) => table.EndAsync(connection, new Dictionary<MarkKey, DateTime> { [key] = startedAt }, CancellationToken.None);
    }

    [Fact]
    public async Task A_late_copy_of_an_epoch_before_takes_nothing_of_what_is_known_of_a_suspect()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        await SuspectAsync(world, "m-1");
        await world.Database.ExecuteAsync($"INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state) VALUES ('{Queue}', 'm-1', 2, 1, 'scheduled')");

        await PublishAsync(world, "m-1", epoch: 1);

        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.Message.Contains("m-1", StringComparison.Ordinal) && entry.Message.Contains("Settled", StringComparison.Ordinal)), "it is settled");
        await world.ShouldHaveSettledAllAsync(service, Queue);
        await Eventually.EqualAsync([2], () => world.Database.QueryAsync<int>("SELECT lone_deaths FROM reliable_mq.started WHERE suspect AND node IS NULL"), "what is known of it");
        (await world.EffectsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_late_copy_of_what_is_done_takes_along_what_was_known_of_it()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        await PublishAsync(world, "m-1", epoch: 0);
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await SuspectAsync(world, "m-1");

        await PublishAsync(world, "m-1", epoch: 1);

        await Eventually.EqualAsync(0L, () => world.CountAsync("started"), "marks");
        (await world.EffectsAsync()).ShouldBe([1]);
    }

    [Fact]
    public async Task What_the_broker_gives_up_has_no_mark_any_more_and_a_replay_begins_without_one()
    {
        await using var world = await World.CreateAsync();
        var suspects = new List<long>();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(before: async (_, _) =>
        {
            suspects.Add(await world.CountAsync("started WHERE suspect"));
            throw new InvalidOperationException("broken");
        }, retry: ""));
        await service.ConsumingAsync();
        await SuspectAsync(world, "m-1");
        await world.Broker.PublishAsync("", $"{Queue}.dead", """{"number":1}""", new BasicProperties { MessageId = "m-1", Type = "tests.numbered.v1" });
        await Eventually.EqualAsync(1L, () => world.CountAsync("dead_letter"), "dead letters");
        (await world.CountAsync("started")).ShouldBe(0);

        // One that a late copy has left.
        await SuspectAsync(world, "m-1");
        var dead = await service.DeadLetters.ListAsync().SingleAsync();
        await service.DeadLetters.ReplayAsync(dead.Id, "maria");

        await Eventually.EqualAsync(2L, () => world.CountAsync("dead_letter"), "dead letters");
        await Eventually.EqualAsync(0L, () => world.CountAsync("started"), "marks");
        suspects.ShouldBe([0L], "it does not run as a suspect");
        (await world.Database.QueryAsync<string>("SELECT error_type FROM reliable_mq.dead_letter WHERE epoch = 1")).ShouldBe(["System.InvalidOperationException"]);
    }

    /// <summary>Two processes have ended while it ran alone.</summary>
    private static Task SuspectAsync(World world, string messageId) => world.Database.ExecuteAsync(
        $"INSERT INTO reliable_mq.started (queue, message_id, node, host, alive_until, suspect, lone_deaths) VALUES ('{Queue}', '{messageId}', NULL, 'web-1', clock_timestamp(), true, 2)");

    private static Task PublishAsync(World world, string messageId, int epoch) => world.Broker.PublishAsync("", Queue, """{"number":1}""", new BasicProperties
    {
        MessageId = messageId, Type = "tests.numbered.v1", Headers = new Dictionary<string, object?> { [MessageHeaders.Epoch] = epoch },
    });

    private static Delivery DeliveryOf(string messageId) =>
        Delivery.From(Queue, 1, redelivered: true, "", Queue, new BasicProperties { MessageId = messageId }, Array.Empty<byte>(), TimeProvider.System);
}
