using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>Messages with the same ordering key leave in the order in which their transactions committed.</summary>
public class Ordering_keys
{
    [Fact]
    public async Task Messages_of_a_key_leave_in_the_order_of_their_commits_whichever_process_stores_them()
    {
        const int keys = 5;
        const int each = 60;
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await world.Database.ExecuteAsync("CREATE TABLE counters (key text PRIMARY KEY, number int NOT NULL)");
        await world.Database.ExecuteAsync("INSERT INTO counters SELECT 'k' || n, 0 FROM generate_series(0, $1) AS n", keys - 1);
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await using var first = await world.StartAsync();
        await using var second = await world.StartAsync();

        // The counter's row lock makes the number say the order of the commits.
        await Task.WhenAll(Enumerable.Range(0, keys * 4).Select(async worker =>
        {
            var service = worker % 2 == 0 ? first : second;
            var key = $"k{worker / 4}";
            for (var i = 0; i < each / 4; i++)
            {
                await service.UseAsync(async db =>
                {
                    await using var transaction = await db.Database.BeginTransactionAsync();
                    var number = (await db.Database.SqlQuery<int>($"UPDATE counters SET number = number + 1 WHERE key = {key} RETURNING number AS \"Value\"").ToListAsync())[0];
                    db.AddMessage(new Numbered(number), new MessageOptions { OrderingKey = key });
                    await db.SaveChangesAsync();
                    await transaction.CommitAsync();
                });
            }
        }));

        await Eventually.EqualAsync(keys * each, () => arrivals.All.Count, "messages arrived", TimeSpan.FromSeconds(60));
        foreach (var key in arrivals.All.GroupBy(arrival => arrival.OrderingKey))
        {
            key.Select(arrival => arrival.Number).ShouldBe(Enumerable.Range(1, each), $"key {key.Key}");
        }

        await Eventually.EqualAsync(0, () => world.CountAsync("outbox"), "rows left in the outbox");
        await Eventually.EqualAsync(0, () => world.CountAsync("outbox_key"), "keys left");
    }

    [Fact]
    public async Task Of_two_open_transactions_on_a_key_the_second_waits_for_the_first()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await using var service = await world.StartAsync();
        Task second = null!;

        await service.UseAsync(async db =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            db.AddMessage(new Numbered(1), new MessageOptions { OrderingKey = "k" });
            await db.SaveChangesAsync();

            second = SaveAsync(service, 2, "k");
            await Eventually.EqualAsync(1, () => world.Database.ScalarAsync<long>(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"), "transactions waiting for the key");
            await SaveAsync(service, 3, "another");
            await transaction.CommitAsync();
        });
        await second;

        await Eventually.EqualAsync(3, () => arrivals.All.Count, "messages arrived");
        arrivals.All.Where(arrival => arrival.OrderingKey == "k").Select(arrival => arrival.Number).ShouldBe([1, 2]);
    }

    [Fact]
    public async Task A_message_that_cannot_be_sent_holds_back_its_own_key_only()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await using var service = await world.StartAsync();
        await service.UseAsync(async db =>
        {
            db.AddMessage(new Elsewhere(1), new MessageOptions { OrderingKey = "blocked" });
            for (var number = 2; number <= 5; number++)
            {
                db.AddMessage(new Numbered(number), new MessageOptions { OrderingKey = "blocked" });
                db.AddMessage(new Numbered(number * 10), new MessageOptions { OrderingKey = "free" });
            }

            db.AddMessage(new Numbered(100));
            await db.SaveChangesAsync();
        });

        await Eventually.EqualAsync((IEnumerable<int>)[20, 30, 40, 50, 100], () => Task.FromResult(arrivals.Numbers.Order().AsEnumerable()), "numbers arrived");
        var waiting = await Eventually.FoundAsync(async () => (await world.OutboxAsync()).Find(row => row.ErrorKind is not null), "the row that was returned");
        waiting.Name.ShouldBe("elsewhere.other.v1");
        (await world.OutboxAsync()).Count.ShouldBe(5);

        await world.BindPlainQueueAsync("arrived", "elsewhere", "#");

        await Eventually.EqualAsync([1, 2, 3, 4, 5], () => Task.FromResult(arrivals.All.Where(arrival => arrival.OrderingKey == "blocked").Select(arrival => arrival.Number)), "numbers arrived of the key that was blocked");
    }

    [Fact]
    public async Task A_key_that_is_removed_while_a_transaction_on_it_is_open_comes_back_with_the_commit()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await using var service = await world.StartAsync(setup => setup.Settings["Outbox:PollInterval"] = "00:01:00");
        await service.UseAsync(async db =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            db.AddMessage(new Numbered(1), new MessageOptions { OrderingKey = "k" });
            await db.SaveChangesAsync();
            await world.Database.ExecuteAsync("INSERT INTO reliable_mq.outbox_key (ordering_key, token, available_at) VALUES ('k', gen_random_uuid(), clock_timestamp())");
            await SaveAsync(service, 2, "another");
            await service.Host.Services.GetRequiredService<IPendingMessages>().SendNowAsync(new() { MessageId = "wakes the dispatcher" }, "test");
            await Eventually.EqualAsync(0, () => world.CountAsync("outbox_key"), "keys left");
            await transaction.CommitAsync();
        });

        // Longer than that would show that only the poll, or the end of its lease, brought it.
        await Eventually.EqualAsync([2, 1], () => Task.FromResult(arrivals.Numbers), "numbers arrived", TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task What_dispatchers_do_with_a_key_fails_no_transaction_whose_snapshot_is_repeatable()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await using var service = await world.StartAsync();
        foreach (var level in new[] { System.Data.IsolationLevel.RepeatableRead, System.Data.IsolationLevel.Serializable })
        {
            var key = $"{level}";
            await service.UseAsync(async db =>
            {
                await using var transaction = await db.Database.BeginTransactionAsync(level);
                (await db.Effects.CountAsync()).ShouldBe(0);
                await SaveAsync(service, 1, key);
                await Eventually.EqualAsync(1, () => arrivals.All.Count(arrival => arrival.OrderingKey == key), "messages arrived");
                db.AddMessage(new Numbered(2), new MessageOptions { OrderingKey = key });
                await db.SaveChangesAsync();
                await transaction.CommitAsync();
            });
            await Eventually.EqualAsync([1, 2], () => Task.FromResult(arrivals.All.Where(arrival => arrival.OrderingKey == key).Select(arrival => arrival.Number)), "numbers arrived");
        }
    }

    [Fact]
    public async Task Scheduled_messages_that_are_due_together_leave_in_the_order_of_their_times()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await (await world.StartAsync()).DisposeAsync();
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.outbox (id, message_id, name, exchange, routing_key, content_type, body, ordering_key, created_at, due_at, available_at)
            SELECT gen_random_uuid(), 'm' || n, 'tests.numbered.v1', 'tests', 'tests.numbered.v1', 'application/json', convert_to('{"number":' || n || '}', 'UTF8'), 'k',
                   clock_timestamp(), at, at
            FROM (SELECT n, clock_timestamp() - interval '1 minute' + n * interval '1 second' AS at FROM generate_series(20, 1, -1) AS n) AS due
            """);

        await using var service = await world.StartAsync();

        await Eventually.EqualAsync(Enumerable.Range(1, 20), () => Task.FromResult(arrivals.Numbers), "numbers arrived");
    }

    [Fact]
    public async Task A_scheduled_message_takes_its_place_when_its_time_has_come()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await using var service = await world.StartAsync();

        await service.UseAsync(async db =>
        {
            db.AddMessage(new Numbered(5), new MessageOptions { OrderingKey = "k", DeliverAfter = TimeSpan.FromSeconds(3) });
            db.AddMessage(new Numbered(4), new MessageOptions { OrderingKey = "k", DeliverAfter = TimeSpan.FromSeconds(2) });
            db.AddMessage(new Numbered(1), new MessageOptions { OrderingKey = "k" });
            await db.SaveChangesAsync();
        });
        await SaveAsync(service, 2, "k");
        await Eventually.EqualAsync([1, 2], () => Task.FromResult(arrivals.Numbers), "numbers arrived");
        (await world.Database.ScalarAsync<double>("SELECT min(extract(epoch FROM due_at - created_at))::float8 FROM reliable_mq.outbox")).ShouldBeInRange(1.99, 2.01);
        await SaveAsync(service, 3, "k");

        await Eventually.EqualAsync([1, 2, 3, 4, 5], () => Task.FromResult(arrivals.Numbers), "numbers arrived");
        (await world.Database.ScalarAsync<double>("SELECT max(extract(epoch FROM finished_at - due_at))::float8 FROM reliable_mq.outbox_history")).ShouldBeInRange(0, 1.5);
        await Eventually.EqualAsync(0, () => world.CountAsync("outbox_key"), "keys left");
    }

    [Fact]
    public async Task A_scheduled_message_whose_time_comes_while_its_key_waits_stands_behind_what_was_stored_before()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await using var service = await world.StartAsync();
        await service.UseAsync(async db =>
        {
            db.AddMessage(new Numbered(3), new MessageOptions { OrderingKey = "k", DeliverAfter = TimeSpan.FromSeconds(1) });
            db.AddMessage(new Elsewhere(1), new MessageOptions { OrderingKey = "k" });
            await db.SaveChangesAsync();
        });
        await SaveAsync(service, 2, "k");
        await Eventually.EqualAsync(3, () => world.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.outbox WHERE ordered"), "messages in the order of the key");

        await world.BindPlainQueueAsync("arrived", "elsewhere", "#");

        await Eventually.EqualAsync([1, 2, 3], () => Task.FromResult(arrivals.Numbers), "numbers arrived");
    }

    [Fact]
    public async Task Messages_stored_without_EF_keep_the_order_within_a_statement_and_leave_within_a_second()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await using var service = await world.StartAsync(setup => setup.Settings["Outbox:PollInterval"] = "00:01:00");
        var outbox = service.Host.Services.GetRequiredService<IOutbox>();
        await using var connection = new NpgsqlConnection(world.Database.ConnectionString);
        await connection.OpenAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await outbox.AddAsync(transaction, new Numbered(1), new MessageOptions { OrderingKey = "k" });
            await outbox.AddManyAsync(transaction, Enumerable.Range(2, 119).Select(number => new Numbered(number)), _ => new MessageOptions { OrderingKey = "k" });
            await transaction.CommitAsync();
        }

        // Longer than the poll's interval would show that only the poll found them.
        await Eventually.EqualAsync(Enumerable.Range(1, 120), () => Task.FromResult(arrivals.Numbers), "numbers arrived", TimeSpan.FromSeconds(25));
    }

    /// <summary>Whoever looks for the key meanwhile finds it held, for the message before, and it is given back before the commit.</summary>
    [Fact]
    public async Task A_message_of_a_busy_key_that_is_committed_late_does_not_wait_for_its_lease()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        await using var service = await world.StartAsync(setup =>
        {
            setup.Through(proxy);
            setup.Settings["Outbox:PollInterval"] = "00:01:00";
            setup.Settings["Outbox:Lease"] = "00:05:00";
        });
        await SaveAsync(service, 0, "k");
        await Eventually.EqualAsync([0], () => Task.FromResult(arrivals.Numbers), "numbers arrived");
        await Eventually.EqualAsync(0L, () => world.CountAsync("outbox_key"), "keys");
        proxy.Latency = TimeSpan.FromSeconds(2);
        await SaveAsync(service, 1, "k");
        await Eventually.EqualAsync(1L, () => world.CountAsync("outbox_key"), "keys");

        await using var connection = new NpgsqlConnection(world.Database.ConnectionString);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await service.Host.Services.GetRequiredService<IOutbox>().AddAsync(transaction, new Numbered(2), new MessageOptions { OrderingKey = "k" });
        await Eventually.EqualAsync(2L, () => world.CountAsync("outbox_history"), "messages sent");
        await Eventually.EqualAsync(0L, () => world.CountAsync("outbox_key"), "keys");
        await transaction.CommitAsync();
        proxy.Latency = TimeSpan.Zero;

        await Eventually.EqualAsync([0, 1, 2], () => Task.FromResult(arrivals.Numbers), "numbers arrived");
    }

    [Fact]
    public async Task A_rolled_back_savepoint_takes_its_ordered_messages_along()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await using var service = await world.StartAsync();

        await service.UseAsync(async db =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            await transaction.CreateSavepointAsync("before");
            db.AddMessage(new Numbered(1), new MessageOptions { OrderingKey = "k" });
            await db.SaveChangesAsync();
            await transaction.RollbackToSavepointAsync("before");
            db.AddMessage(new Numbered(2), new MessageOptions { OrderingKey = "k" });
            await db.SaveChangesAsync();
            await transaction.CommitAsync();
        });
        await SaveAsync(service, 3, "k");

        await Eventually.EqualAsync([2, 3], () => Task.FromResult(arrivals.Numbers), "numbers arrived");
    }

    [Fact]
    public async Task A_lost_channel_keeps_the_order()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("arrived", "tests", "#");
        await using var arrivals = await Arrivals.InAsync(world, "arrived");
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        await using var service = await world.StartAsync(setup => setup.Through(proxy));
        var storing = Task.Run(async () =>
        {
            for (var number = 1; number <= 200; number++)
            {
                await SaveAsync(service, number, "k");
            }
        });
        for (var cut = 0; cut < 3; cut++)
        {
            var seen = arrivals.All.Count;
            await Eventually.TrueAsync(() => arrivals.All.Count > seen + 20 || storing.IsCompleted, "messages arrive");
            proxy.ResetAll();
        }

        await storing;
        await Eventually.TrueAsync(() => arrivals.Numbers.Contains(200), "the last message arrives", TimeSpan.FromSeconds(60));
        await Eventually.EqualAsync(0, () => world.CountAsync("outbox"), "rows left in the outbox");
        arrivals.All.DistinctBy(arrival => arrival.MessageId).Select(arrival => arrival.Number).ShouldBe(Enumerable.Range(1, 200));
        // What was in flight may come twice, but never after its successor.
        arrivals.Numbers.ShouldBe(arrivals.Numbers.Order());
    }

    private static Task SaveAsync(TestService service, int number, string key) => service.UseAsync(async db =>
    {
        db.AddMessage(new Numbered(number), new MessageOptions { OrderingKey = key });
        await db.SaveChangesAsync();
    });
}
