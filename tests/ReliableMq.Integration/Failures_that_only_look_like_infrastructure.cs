using Microsoft.EntityFrameworkCore;
using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>The database is well; only what this message does fails as if it were not. That counts.</summary>
public class Failures_that_only_look_like_infrastructure
{
    private const int Neighbours = 12;

    [Fact]
    public Task A_message_that_always_deadlocks_is_given_up_after_its_attempts() => ShouldBeGivenUpAsync("40P01", async (db, connectionString) =>
    {
        await using var helper = new NpgsqlConnection(connectionString);
        await helper.OpenAsync();
        await using var other = await helper.BeginTransactionAsync();
        await ExecuteAsync(helper, "SELECT pg_advisory_xact_lock(2)");
        // The first to look for a deadlock is the one that it is resolved by.
        await db.Database.ExecuteSqlRawAsync("SET LOCAL deadlock_timeout = '50ms'; SELECT pg_advisory_xact_lock(1)");
        var waiting = ExecuteAsync(helper, "SELECT pg_advisory_xact_lock(1)");
        try
        {
            await db.Database.ExecuteSqlRawAsync("SELECT pg_advisory_xact_lock(2)");
        }
        finally
        {
            // The aborted transaction has let go of its locks, though it has not ended.
            await waiting;
        }
    });

    [Fact]
    public Task A_message_that_always_takes_all_connections_is_given_up_after_its_attempts() => ShouldBeGivenUpAsync("The connection pool has been exhausted", async (_, connectionString) =>
    {
        var taken = new List<NpgsqlConnection>();
        try
        {
            while (true)
            {
                var connection = new NpgsqlConnection(connectionString);
                taken.Add(connection);
                await connection.OpenAsync();
            }
        }
        finally
        {
            foreach (var connection in taken)
            {
                await connection.DisposeAsync();
            }
        }
    });

    [Fact]
    public Task A_message_that_always_breaks_its_own_connection_is_given_up_after_its_attempts() => ShouldBeGivenUpAsync("57P01",
        (db, _) => db.Database.ExecuteSqlRawAsync("SELECT pg_terminate_backend(pg_backend_pid())"));

    [Fact]
    public async Task A_message_that_breaks_its_connection_counts_while_another_has_taken_all_of_them()
    {
        await using var world = await World.CreateAsync();
        // Six seconds are more than the probe once waited for an answer.
        var connectionString = new NpgsqlConnectionStringBuilder(world.Database.ConnectionString) { MaxPoolSize = 12, Timeout = 6, ApplicationName = "hogged" }.ConnectionString;
        var gate = new Gate("the one with all connections");
        await using var service = await world.StartAsync(setup =>
        {
            setup.ConnectionString = connectionString;
            setup.Handle<Numbered>("tests.numbers", async (message, db, context) =>
            {
                if (message.Number == 1)
                {
                    await gate.PassAsync(context.CancellationToken);
                    await db.Database.ExecuteSqlRawAsync("SELECT pg_terminate_backend(pg_backend_pid())");
                }
            }, retry: "", concurrency: 1);
        });
        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(1));
        await gate.WaitForCallersAsync();

        var exhausted = new Signal("the pool is exhausted");
        using var enough = new CancellationTokenSource();
        var hogging = HogAsync(connectionString, exhausted, enough.Token);
        await exhausted.WaitAsync();
        gate.Open();
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 6003), "it cannot be counted yet", TimeSpan.FromMinutes(1));
        await enough.CancelAsync();
        await hogging;

        await Eventually.EqualAsync(1L, () => world.CountAsync("dead_letter"), "dead letters");
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 4003 || entry.EventId.Id == 6002, "consuming never paused");
    }

    /// <summary>Takes every connection that becomes free, too.</summary>
    private static async Task HogAsync(string connectionString, Signal exhausted, CancellationToken enough)
    {
        var taken = new List<NpgsqlConnection>();
        while (!enough.IsCancellationRequested)
        {
            taken.Add(new NpgsqlConnection(connectionString));
            try
            {
                await taken[^1].OpenAsync(enough);
            }
            catch (Exception exception) when (exception is NpgsqlException or OperationCanceledException)
            {
                exhausted.Set();
            }
        }

        taken.ForEach(connection => connection.Dispose());
    }

    private static async Task ShouldBeGivenUpAsync(string reason, Func<TestDb, string, Task> fail)
    {
        await using var world = await World.CreateAsync();
        var connectionString = new NpgsqlConnectionStringBuilder(world.Database.ConnectionString) { MaxPoolSize = 12, Timeout = 2, ApplicationName = "small" }.ConnectionString;
        await using var service = await world.StartAsync(setup =>
        {
            setup.ConnectionString = connectionString;
            setup.Handle<Numbered>("tests.numbers", async (message, db, _) =>
            {
                db.Effects.Add(new Effect { Number = message.Number });
                if (message.Number == 0)
                {
                    await fail(db, connectionString);
                }
            }, retry: "100ms, 400ms, 1600ms", concurrency: 2);
        });
        await service.ConsumingAsync();

        await service.SaveAsync([.. Enumerable.Range(0, Neighbours + 1).Select(number => new Numbered(number))]);

        await Eventually.EqualAsync(Enumerable.Range(1, Neighbours), world.EffectsAsync, "effects of the others", TimeSpan.FromMinutes(1));
        await Eventually.EqualAsync(1L, () => world.CountAsync("dead_letter"), "dead letters", TimeSpan.FromMinutes(2));
        var (attempts, text) = (await world.Database.QueryAsync("SELECT attempts, reason FROM reliable_mq.dead_letter", reader => (reader.GetInt32(0), reader.GetString(1)))).Single();
        attempts.ShouldBe(4);
        text.ShouldContain(reason);
        service.Logs.Entries.Where(entry => entry.EventId.Id == 6001).Select(entry => entry.Message[(entry.Message.LastIndexOf(' ') + 1)..])
            .ShouldBe(["00:00:00.1000000.", "00:00:00.4000000.", "00:00:01.6000000."]);
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 4003 || entry.EventId.Id == 6002, "consuming never paused");
        (await world.EffectsAsync()).ShouldBe(Enumerable.Range(1, Neighbours));
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>It waits for another delivery of the message for longer than the queue's Timeout.</summary>
    [Fact]
    public async Task What_could_not_begin_in_time_has_not_failed()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Handle<Numbered>("tests.numbers", (message, db, context) =>
        {
            db.Effects.Add(new Effect { Number = message.Number, Note = context.Attempt.ToString(System.Globalization.CultureInfo.InvariantCulture) });
            return Task.CompletedTask;
        }, retry: "", timeout: "500ms"));
        await service.ConsumingAsync();
        await using var twin = await world.Database.DataSource.OpenConnectionAsync();
        await using var handling = await twin.BeginTransactionAsync();
        await using (var insert = new NpgsqlCommand("INSERT INTO reliable_mq.inbox (queue, message_id, fingerprint, epoch) VALUES ('tests.numbers', 'm-1', gen_random_uuid(), 0)", twin, handling))
        {
            await insert.ExecuteNonQueryAsync();
        }

        await world.Broker.PublishAsync("tests", "tests.numbered.v1", "{\"number\":1}"u8.ToArray(), new RabbitMQ.Client.BasicProperties { MessageId = "m-1", Type = "tests.numbered.v1", ContentType = "application/json" });
        await Eventually.TrueAsync(() => service.Logs.Entries.Count(entry => entry.EventId.Id == 5012) >= 3, "it waits, and is tried again");
        await handling.RollbackAsync();

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        (await world.Database.QueryAsync<string>("SELECT \"Note\" FROM \"Effects\"")).ShouldBe(["1"], "no attempt was counted");
        (await world.CountAsync("failure")).ShouldBe(0);
        (await world.CountAsync("dead_letter")).ShouldBe(0);
    }

    /// <summary>As after a failover that is over before anybody asks.</summary>
    [Fact]
    public async Task A_line_that_breaks_before_the_handler_begins_costs_no_attempt()
    {
        await using var world = await World.CreateAsync();
        var address = new NpgsqlConnectionStringBuilder(world.Database.ConnectionString);
        await using var proxy = await TcpProxy.StartAsync(address.Host!, address.Port);
        await using var service = await world.StartAsync(setup =>
        {
            setup.ConnectionString = new NpgsqlConnectionStringBuilder(setup.ConnectionString) { Host = proxy.Host, Port = proxy.Port }.ConnectionString;
            setup.HandleNumbered(retry: "");
        });
        await service.ConsumingAsync();
        for (var number = 1; number <= 20; number++)
        {
            proxy.ResetAll();
            await world.Broker.PublishAsync("tests", "tests.numbered.v1", System.Text.Encoding.UTF8.GetBytes($"{{\"number\":{number}}}"),
                new RabbitMQ.Client.BasicProperties { MessageId = $"m-{number}", Type = "tests.numbered.v1", ContentType = "application/json" });
            await Eventually.EqualAsync(number, async () => (await world.EffectsAsync()).Count(), "effects");
        }

        (await world.CountAsync("dead_letter")).ShouldBe(0);
        service.Logs.Entries.ShouldContain(entry => entry.EventId.Id == 5013 || entry.EventId.Id == 6002, "some have met a broken connection");
    }
}
