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

/// <summary>A handler that ends its process takes all that runs beside it along: who did it must be found, and nobody else blamed.</summary>
public class Messages_that_end_their_process
{
    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task One_among_many_becomes_a_dead_letter_and_its_neighbours_lose_no_attempt(int retries)
    {
        const int count = 200;
        await using var world = await World.CreateAsync();
        await using var producer = await world.StartAsync();
        await using (var first = world.StartProcess(Worker.EndAtTrap, retries))
        {
            await first.WaitForLineAsync(line => line == "started");
            await ConsumedAsync(world);
            await producer.SaveAsync([.. Enumerable.Range(0, count / 2).Append(Worker.Trap).Concat(Enumerable.Range(count / 2, count / 2)).Select(number => new Numbered(number))]);
            await first.WaitForExitAsync(TimeSpan.FromMinutes(1));
        }

        var starts = 1;
        while (await world.CountAsync("dead_letter") == 0)
        {
            (++starts).ShouldBeLessThan(10, "the message is found after five ends");
            await using var next = world.StartProcess(Worker.EndAtTrap, retries);
            await Eventually.TrueAsync(async () => next.HasExited || await world.CountAsync("dead_letter") > 0, "it ends, or the message is given up", TimeSpan.FromMinutes(1));
        }

        await using var rest = world.StartProcess(Worker.EndAtTrap, retries);
        await Eventually.EqualAsync((count * 2L) + 1, () => world.CountAsync("inbox"), "handled messages", TimeSpan.FromMinutes(1));
        // What an ended process had marked and is done already comes back once more, and is looked at when its mark is too old.
        await Eventually.EqualAsync([], () => MarksAsync(world), "marks", TimeSpan.FromMinutes(1));
        rest.HasExited.ShouldBeFalse();
        rest.Terminate();
        await rest.WaitForExitAsync();

        (await world.Database.QueryAsync<string>("SELECT \"Note\" || ' ' || \"Number\" FROM \"Effects\"")).Order(StringComparer.Ordinal)
            .ShouldBe(Worker.TrapQueues.SelectMany(queue => Enumerable.Range(0, count).Select(number => $"{queue} {number}")).Append($"{Worker.TrapQueues[1]} {Worker.Trap}").Order(StringComparer.Ordinal));
        var dead = await world.Database.QueryAsync("SELECT queue, name, attempts, reason, error_type FROM reliable_mq.dead_letter",
            reader => (reader.GetString(0), reader.GetString(1), reader.GetInt32(2), reader.GetString(3), reader.GetString(4)));
        var (queue, name, attempts, reason, type) = dead.ShouldHaveSingleItem();
        (queue, name, attempts, type).ShouldBe((Worker.TrapQueues[0], "tests.numbered.v1", 3, "ReliableMq.Inbox.ProcessEndedException"));
        reason.ShouldStartWith("The process ended while it handled this message alone, 3 time(s). Processes that ended while they handled it:\n- ");
        reason.Split('\n').Count(line => line.StartsWith("- ", StringComparison.Ordinal) && line.EndsWith("\", alone", StringComparison.Ordinal)).ShouldBe(3);
        reason.Split('\n').Count(line => line.EndsWith(", together with other redelivered messages", StringComparison.Ordinal)).ShouldBe(1);
        (await world.Database.QueryAsync<string>("SELECT state || ' ' || attempts FROM reliable_mq.failure")).ShouldBe(["dead 3"], "nobody else has lost an attempt");
        (await world.CountAsync("started")).ShouldBe(0);
        await Eventually.EqualAsync(["tests.first: ProcessEndedException"], () => world.Database.QueryAsync<string>("SELECT group_key FROM reliable_mq.alert WHERE kind = 'dead-letter'"), "alerts");
    }

    [Fact]
    public async Task Ten_kills_of_innocent_processes_give_up_nothing_though_there_are_no_retries()
    {
        const int perRound = 60, kills = 10;
        await using var world = await World.CreateAsync();
        await using var producer = await world.StartAsync();
        for (var round = 0; round < kills; round++)
        {
            await using var victim = world.StartProcess(Worker.EndAtTrap, 0);
            await victim.WaitForLineAsync(line => line == "started");
            if (round == 0)
            {
                await ConsumedAsync(world);
            }

            await producer.SaveAsync([.. Enumerable.Range(round * perRound, perRound).Select(number => new Numbered(number + 1_000))]);
            await Eventually.TrueAsync(() => victim.Output.Count(line => line.StartsWith("handling ", StringComparison.Ordinal)) > round * 3, "it handles");
            victim.Kill();
        }

        await using var rest = world.StartProcess(Worker.EndAtTrap, 0);
        await Eventually.EqualAsync(perRound * kills * 2L, () => world.CountAsync("inbox"), "handled messages", TimeSpan.FromMinutes(2));

        (await world.CountAsync("dead_letter")).ShouldBe(0);
        (await world.Database.QueryAsync<string>("SELECT \"Note\" || ' ' || \"Number\" FROM \"Effects\"")).Order(StringComparer.Ordinal)
            .ShouldBe(Worker.TrapQueues.SelectMany(queue => Enumerable.Range(1_000, perRound * kills).Select(number => $"{queue} {number}")).Order(StringComparer.Ordinal));
        await Eventually.EqualAsync([], () => MarksAsync(world), "marks");
        (await world.CountAsync("failure")).ShouldBe(0);
    }

    [Fact]
    public async Task A_connection_that_is_cut_while_a_redelivered_message_is_handled_blames_nobody()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        var gate = new Gate("the second attempt");
        await using var service = await world.StartAsync(setup =>
        {
            setup.Through(proxy);
            SecondAttemptPasses(setup, gate);
        });
        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(1));
        await gate.WaitForCallersAsync();
        (await world.CountAsync("started WHERE node IS NOT NULL")).ShouldBe(1);

        for (var cut = 0; cut < 4; cut++)
        {
            proxy.ResetAll();
            var interruptions = cut + 1;
            await Eventually.TrueAsync(() => service.Logs.Entries.Count(entry => entry.EventId.Id == 4002 && entry.Message.Contains("tests.numbers\"")) >= interruptions, "its channel is lost");
            await service.ConsumingAsync();
            // Longer than a mark lasts that nobody renews.
            await Consistently.EqualAsync(TimeSpan.FromSeconds(4), 1L, () => world.CountAsync("started WHERE node IS NOT NULL AND NOT suspect"), "marks of what runs");
        }

        gate.Waiting.ShouldBe(1);
        gate.Open();

        await ShouldHaveHadTwoAttemptsAsync(world);
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 5020);
    }

    [Fact]
    public async Task A_mark_that_is_just_being_renewed_is_gone_before_its_message_is_settled()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Settings["Outbox:PollInterval"] = "00:00:01");
        var database = service.Host.Services.GetRequiredService<ServiceDatabases>().All.Single();
        await database.Ready;
        var marks = ActivatorUtilities.CreateInstance<StartMarks>(service.Host.Services, database);
        var delivery = Redelivered("a");
        await world.Database.ExecuteAsync(
            """
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$;
            CREATE TRIGGER wait BEFORE UPDATE ON reliable_mq.started FOR EACH ROW EXECUTE FUNCTION wait();
            """);
        await using var renewing = await world.Database.DataSource.OpenConnectionAsync();
        await using var held = await renewing.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("SELECT pg_advisory_xact_lock(1)", renewing, held))
        {
            await hold.ExecuteNonQueryAsync();
        }

        var run = (await marks.StartAsync(delivery, CancellationToken.None)).ShouldBeOfType<Start.Run>();
        await Eventually.TrueAsync(() => world.Database.ScalarAsync<bool>(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"), "it is being renewed");

        await marks.EndAsync(delivery, run);

        (await MarksAsync(world)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_mark_that_is_just_being_written_is_not_taken_over_by_another_delivery()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync();
        var database = service.Host.Services.GetRequiredService<ServiceDatabases>().All.Single();
        await database.Ready;
        var marks = ActivatorUtilities.CreateInstance<StartMarks>(service.Host.Services, database);
        await world.Database.ExecuteAsync(
            """
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$;
            CREATE TRIGGER wait BEFORE INSERT ON reliable_mq.started FOR EACH ROW EXECUTE FUNCTION wait();
            """);
        await using var writing = await world.Database.DataSource.OpenConnectionAsync();
        var held = await writing.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("SELECT pg_advisory_xact_lock(1)", writing, held))
        {
            await hold.ExecuteNonQueryAsync();
        }

        var first = marks.StartAsync(Redelivered("a"), CancellationToken.None);
        (await marks.StartAsync(Redelivered("a"), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeOfType<Start.Wait>();
        await held.RollbackAsync();

        var run = (await first).ShouldBeOfType<Start.Run>();
        (await marks.StartAsync(Redelivered("a"), CancellationToken.None)).ShouldBeOfType<Start.Wait>();
        await marks.EndAsync(Redelivered("a"), run);
        (await MarksAsync(world)).ShouldBeEmpty();
    }

    /// <summary>A copy of what is done already runs like any other, and may be in a process that ends.</summary>
    [Fact]
    public async Task A_message_that_is_done_leaves_no_mark_though_its_copy_is_blamed()
    {
        await using var world = await World.CreateAsync();
        await using (var service = await world.StartAsync(setup => setup.HandleNumbered()))
        {
            await service.ConsumingAsync();
            await world.Broker.UseChannelAsync(channel => PublishAsync(channel).AsTask());
            await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
            await world.ShouldHaveSettledAllAsync(service, "tests.numbers");
        }

        await world.Broker.UseChannelAsync(async channel =>
        {
            await PublishAsync(channel);
            var copy = await Eventually.FoundAsync(() => channel.BasicGetAsync("tests.numbers", autoAck: false), "the copy");
            await channel.BasicNackAsync(copy.DeliveryTag, multiple: false, requeue: true);
        });
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.started (queue, message_id, host, alive_until, suspect, lone_deaths, history)
            SELECT queue, message_id, 'elsewhere', clock_timestamp(), true, 3, 'ended three times' FROM reliable_mq.inbox
            """);

        await using var next = await world.StartAsync(setup => setup.HandleNumbered());

        await Eventually.EqualAsync([], () => MarksAsync(world), "marks");
        await world.ShouldHaveSettledAllAsync(next, "tests.numbers");
        (await world.CountAsync("failure")).ShouldBe(0);
        (await world.EffectsAsync()).ShouldBe([1]);

        static ValueTask PublishAsync(IChannel channel) => channel.BasicPublishAsync("", "tests.numbers", mandatory: true,
            new BasicProperties { MessageId = "a", Type = "tests.numbered.v1", ContentType = "application/json" }, "{\"number\":1}"u8.ToArray());
    }

    [Fact]
    public async Task A_process_that_has_lost_the_broker_and_goes_on_is_waited_for()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        var gate = new Gate("the second attempt");
        await using var first = await world.StartAsync(setup =>
        {
            setup.Through(proxy);
            SecondAttemptPasses(setup, gate);
        });
        await first.ConsumingAsync();
        await first.SaveAsync(new Numbered(1));
        await gate.WaitForCallersAsync();
        await proxy.CutAsync();

        await using var second = await world.StartAsync(setup => SecondAttemptPasses(setup, gate));
        await second.ConsumingAsync();
        await Eventually.EqualAsync(0u, () => world.ReadyAsync("tests.numbers"), "the second process has it");
        // Longer than a mark lasts that nobody renews.
        await Consistently.EqualAsync(TimeSpan.FromSeconds(6), 1L, () => world.CountAsync("started WHERE node IS NOT NULL AND NOT suspect"), "marks of the first");
        gate.Waiting.ShouldBe(1, "only the first runs");
        gate.Open();

        await ShouldHaveHadTwoAttemptsAsync(world);
        second.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 5020);
    }

    [Fact]
    public async Task A_database_that_is_lost_while_a_redelivered_message_is_handled_blames_nobody()
    {
        await using var world = await World.CreateAsync();
        var address = new NpgsqlConnectionStringBuilder(world.Database.ConnectionString);
        await using var proxy = await TcpProxy.StartAsync(address.Host!, address.Port);
        var gate = new Gate("the second attempt");
        await using var service = await world.StartAsync(setup =>
        {
            setup.ConnectionString = new NpgsqlConnectionStringBuilder(setup.ConnectionString) { Host = proxy.Host, Port = proxy.Port, Timeout = 3 }.ConnectionString;
            SecondAttemptPasses(setup, gate);
        });
        await service.ConsumingAsync();
        await service.SaveAsync(new Numbered(1));
        await gate.WaitForCallersAsync();

        proxy.Accepting = false;
        proxy.ResetAll();
        gate.Open();
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 4003), "consuming pauses");
        await Eventually.EqualAsync(1u, () => world.ReadyAsync("tests.numbers"), "it is back in its queue");
        proxy.Accepting = true;

        await ShouldHaveHadTwoAttemptsAsync(world);
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 5020);
    }

    [Fact]
    public async Task A_process_that_is_told_to_stop_leaves_no_mark_though_its_handler_goes_on()
    {
        await using var world = await World.CreateAsync();
        await using var consumer = world.StartProcess(Worker.Consume);
        await consumer.WaitForLineAsync(line => line == "started");
        await using (var producer = await world.StartAsync())
        {
            await producer.SaveAsync(new Numbered(Worker.Trap));
            await consumer.WaitForLineAsync(line => line == "trapped");
        }

        consumer.Kill();
        await using var next = world.StartProcess(Worker.Consume);
        await next.WaitForLineAsync(line => line == "trapped");
        (await world.CountAsync("started WHERE node IS NOT NULL")).ShouldBe(1);
        next.Terminate();
        await next.WaitForExitAsync();

        (await world.CountAsync("started")).ShouldBe(0);
        (await world.CountAsync("failure")).ShouldBe(0);
        await Eventually.EqualAsync(1u, () => world.ReadyAsync("tests.numbers"), "messages back in the queue");
    }

    private static Delivery Redelivered(string messageId) => new()
    {
        Tag = 1, Queue = "tests.numbers", Exchange = "", RoutingKey = "", Redelivered = true, MessageId = messageId, Name = "n", ContentType = null, CorrelationId = null, ReplyTo = null,
        Headers = [], Body = [], Priority = null, ReceivedTimestamp = 0, ReceivedAt = default,
    };

    /// <summary>Each with all that tells why it stands.</summary>
    private static Task<List<string>> MarksAsync(World world) => world.Database.QueryAsync<string>(
        """
        SELECT s::text || CASE WHEN i IS NULL THEN ' not done' ELSE ' done ' || i.handled_at END || ', now ' || clock_timestamp()
        FROM reliable_mq.started s LEFT JOIN reliable_mq.inbox i ON i.queue = s.queue AND i.message_id = s.message_id
        """);

    /// <summary>The first fails, so that the second is of a redelivered message.</summary>
    private static void SecondAttemptPasses(TestServiceSetup setup, Gate gate)
    {
        setup.Settings["Outbox:PollInterval"] = "00:00:01";
        setup.Handle<Numbered>("tests.numbers", async (message, db, context) =>
        {
            if (context.Attempt == 1)
            {
                throw new InvalidOperationException("once");
            }

            await gate.PassAsync(context.CancellationToken);
            db.Effects.Add(new Effect { Number = context.Attempt });
        }, retry: "100ms");
    }

    private static async Task ShouldHaveHadTwoAttemptsAsync(World world)
    {
        await Eventually.EqualAsync([2], world.EffectsAsync, "the effect of the second attempt", TimeSpan.FromMinutes(1));
        await Eventually.EqualAsync(0L, () => world.CountAsync("started"), "marks");
        (await world.CountAsync("failure")).ShouldBe(0);
        (await world.CountAsync("dead_letter")).ShouldBe(0);
    }

    private static Task ConsumedAsync(World world) => Eventually.TrueAsync(async () =>
    {
        foreach (var queue in Worker.TrapQueues)
        {
            if (await world.Broker.UseChannelAsync(channel => channel.ConsumerCountAsync(queue)) == 0)
            {
                return false;
            }
        }

        return true;
    }, "the queues are bound and consumed", TimeSpan.FromMinutes(2));
}
