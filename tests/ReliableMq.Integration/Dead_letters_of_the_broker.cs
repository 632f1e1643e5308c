using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using RabbitMQ.Client;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>What the broker gives up by itself, while no handler has a part in it.</summary>
public class Dead_letters_of_the_broker
{
    private const string Queue = "tests.numbers", DeadLetterQueue = "tests.numbers.dead";

    [Theory]
    [InlineData("rejected", true)]
    [InlineData("expired", true)]
    [InlineData("maxlen", true)]
    [InlineData("delivery_limit", true)]
    [InlineData("rejected", false)]
    public async Task It_is_stored_as_it_was_sent_and_replayed_it_is_handled(string reason, bool hasId)
    {
        await using var world = await World.CreateAsync();
        var tenants = new List<object?>();
        await using var service = await world.StartAsync(setup =>
        {
            setup.Settings[$"Queues:{Queue}:DeriveMessageIds"] = "true";
            setup.HandleNumbered(before: (_, context) =>
            {
                tenants.Add(context.Headers["tenant"]);
                return Task.CompletedTask;
            });
        });
        var consumers = await PausedAsync(service);
        await GiveUpAsync(world, reason, new BasicProperties
        {
            MessageId = hasId ? "m-1" : null, Headers = new Dictionary<string, object?> { ["tenant"] = "north" }, ContentType = "application/json",
        });

        await Eventually.EqualAsync(1, async () => await service.DeadLetters.ListAsync().CountAsync(), "dead letters");
        var dead = await service.DeadLetters.ListAsync().SingleAsync();
        dead.MessageId.ShouldStartWith(hasId ? "m-1" : "derived-");
        (dead.Queue, dead.MessageName, dead.Attempts, dead.ExceptionType, dead.Reason).ShouldBe((Queue, "tests.numbered.v1", 0, null, $"The broker dead-lettered it: {reason}."));
        dead.Headers["x-death"].ShouldContain(reason);
        dead.Headers["x-first-death-queue"].ShouldBe(Queue);
        (await world.Database.ScalarAsync<string>("SELECT exchange || ' ' || routing_key FROM reliable_mq.dead_letter")).ShouldBe("tests tests.numbered.v1");

        await consumers.ResumeAsync(Queue, "maria");
        await service.DeadLetters.ReplayAsync(dead.Id, "maria");

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        tenants.ShouldBe(["north"]);
        await world.ShouldHaveSettledAllAsync(service, Queue, DeadLetterQueue);
        (await world.CountAsync("failure")).ShouldBe(0);
    }

    /// <summary>A process that has lost its connection handles on what the broker gives up meanwhile, such as by a time to live.</summary>
    [Fact]
    public async Task What_is_still_being_handled_is_waited_for()
    {
        await using var world = await World.CreateAsync();
        var gate = new Gate("handler");
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(before: (_, _) => gate.PassAsync()));
        await service.ConsumingAsync();
        var properties = new BasicProperties { MessageId = "m-1", Type = "tests.numbered.v1", ContentType = "application/json" };
        await world.Broker.PublishAsync("tests", "tests.numbered.v1", "{\"number\":1}"u8.ToArray(), properties);
        await gate.WaitForCallersAsync();

        await world.Broker.PublishAsync("", DeadLetterQueue, "{\"number\":1}"u8.ToArray(), properties);
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.Message.Contains("m-1", StringComparison.Ordinal) && entry.Category.Contains("DeadLetterMonitor", StringComparison.Ordinal)), "the monitor waits");
        (await world.CountAsync("dead_letter")).ShouldBe(0);
        gate.Open();

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await service.Logs.WaitForAsync(entry => entry.EventId.Id == 7007, "it turned out to be late");
        await world.ShouldHaveSettledAllAsync(service, Queue, DeadLetterQueue);
        (await world.CountAsync("dead_letter")).ShouldBe(0);
        (await world.CountAsync("failure")).ShouldBe(0);
    }

    [Theory]
    [InlineData(false, 2)]
    [InlineData(true, 1)]
    public async Task Without_an_id_a_further_delivery_is_the_same_and_another_that_looks_alike_is_not(bool redelivered, int expected)
    {
        await using var world = await World.CreateAsync();
        await using (var declaring = await world.StartAsync(setup => setup.HandleNumbered()))
        {
            await declaring.ConsumingAsync();
        }

        var death = new Dictionary<string, object?> { ["reason"] = "rejected", ["queue"] = Queue, ["exchange"] = "tests", ["routing-keys"] = new List<object?> { "tests.numbered.v1" }, ["count"] = 1L };
        for (var copy = 0; copy < 2; copy++)
        {
            await world.Broker.PublishAsync("", DeadLetterQueue, """{"number":1}""", new BasicProperties { Headers = new Dictionary<string, object?> { ["x-death"] = new List<object?> { death } } });
        }

        if (redelivered)
        {
            await world.Broker.UseChannelAsync(async channel =>
            {
                var first = (await channel.BasicGetAsync(DeadLetterQueue, autoAck: false)).ShouldNotBeNull();
                var second = (await channel.BasicGetAsync(DeadLetterQueue, autoAck: false)).ShouldNotBeNull();
                await channel.BasicNackAsync(second.DeliveryTag, multiple: true, requeue: true);
                first.Redelivered.ShouldBeFalse();
            });
        }

        await using var service = await world.StartAsync(setup => setup.HandleNumbered());

        await Eventually.TrueAsync(() => service.Logs.Entries.Count(entry => entry.EventId.Id is 7002 or 7004) == 2, "both are settled");
        (await world.CountAsync("dead_letter")).ShouldBe(expected);
        await world.ShouldHaveSettledAllAsync(service, DeadLetterQueue);
    }

    [Fact]
    public async Task A_late_copy_of_what_is_over_is_no_dead_letter()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        await world.Broker.PublishAsync("", Queue, """{"number":1}""", Properties("done"));
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await world.Database.ExecuteAsync(
            """
            INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state)
            VALUES ('tests.numbers', 'moved on', 1, 0, 'scheduled'), ('tests.numbers', 'discarded', 0, 0, 'discarded')
            """);

        foreach (var messageId in new[] { "done", "moved on", "discarded" })
        {
            await world.Broker.PublishAsync("", DeadLetterQueue, """{"number":1}""", Properties(messageId));
        }

        await world.Broker.PublishAsync("", DeadLetterQueue, """{"number":2}""", Properties("done"));

        await Eventually.EqualAsync(3, () => service.Logs.Entries.Count(entry => entry.EventId.Id == 7007), "late copies");
        await Eventually.EqualAsync(1, async () => await service.DeadLetters.ListAsync().CountAsync(), "another message under the id of the done one");
        (await service.DeadLetters.ListAsync().SingleAsync()).MessageId.ShouldStartWith("derived-");
        (await world.Database.QueryAsync<string>("SELECT message_id || ' ' || state FROM reliable_mq.failure WHERE message_id NOT LIKE 'derived-%' ORDER BY message_id")).ShouldBe(["discarded discarded", "moved on scheduled"]);
        await world.ShouldHaveSettledAllAsync(service, DeadLetterQueue);
    }

    [Fact]
    public async Task A_message_that_is_being_retried_is_dead_when_the_broker_gives_it_up()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        await world.Database.ExecuteAsync("INSERT INTO reliable_mq.failure (queue, message_id, epoch, attempts, state) VALUES ('tests.numbers', 'm-1', 0, 2, 'failing')");
        await using var recorder = await world.Database.DataSource.OpenConnectionAsync();
        await using var verdict = await recorder.BeginTransactionAsync();
        await ExecuteAsync(recorder, "UPDATE reliable_mq.failure SET attempts = 3");

        await world.Broker.PublishAsync("", DeadLetterQueue, """{"number":1}""", Properties("m-1"));
        await Eventually.TrueAsync(() => world.Database.ScalarAsync<bool>("SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"), "the monitor waits for the verdict");

        // Whoever records a verdict has the failure first and stores the dead letter then: the monitor must not stand in the way.
        await ExecuteAsync(recorder,
            """
            SET LOCAL lock_timeout = '10s';
            INSERT INTO reliable_mq.dead_letter (queue, message_id, epoch, name, exchange, routing_key, body, attempts, reason)
            VALUES ('tests.numbers', 'm-1', 0, 'n', '', '', '', 3, 'By the verdict.');
            UPDATE reliable_mq.failure SET state = 'dead'
            """);
        await verdict.CommitAsync();

        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 7004), "the copy is merged");
        (await service.DeadLetters.ListAsync().SingleAsync()).Reason.ShouldBe("By the verdict.");
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 7003);
    }

    private static async Task<IConsumers> PausedAsync(TestService service)
    {
        await service.ConsumingAsync();
        var consumers = service.Host.Services.GetRequiredService<IConsumers>();
        await consumers.PauseAsync(Queue, "maria", lasting: false);
        await Eventually.TrueAsync(() => !consumers.List().Single().IsConsuming, "paused");
        return consumers;
    }

    private static async Task GiveUpAsync(World world, string reason, BasicProperties properties)
    {
        const string policy = "harsh", pattern = @"^tests\.numbers$";
        if (reason == "expired")
        {
            properties.Expiration = "1";
        }

        await world.Broker.PublishAsync("tests", "tests.numbered.v1", """{"number":1}""", properties);
        if (reason == "maxlen")
        {
            await world.Broker.SetPolicyAsync(policy, pattern, new Dictionary<string, object> { ["max-length"] = 1, ["overflow"] = "drop-head" });
            await world.Broker.PublishAsync("tests", "tests.numbered.v1", """{"number":1}""", Properties("younger"));
            await Eventually.EqualAsync(1u, () => world.ReadyAsync(Queue), "the younger one is left");
            await world.Broker.UseChannelAsync(channel => channel.QueuePurgeAsync(Queue));
            await world.Broker.DeletePolicyAsync(policy);
        }

        if (reason == "delivery_limit")
        {
            await world.Broker.SetPolicyAsync(policy, pattern, new Dictionary<string, object> { ["delivery-limit"] = 1 });
        }

        if (reason is "rejected" or "delivery_limit")
        {
            await Eventually.TrueAsync(() => world.Broker.UseChannelAsync(async channel =>
            {
                if (await channel.BasicGetAsync(Queue, autoAck: false) is not { } got)
                {
                    return true;
                }

                await channel.BasicRejectAsync(got.DeliveryTag, requeue: reason != "rejected");
                return false;
            }), "given up");
            await world.Broker.DeletePolicyAsync(policy);
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static BasicProperties Properties(string messageId) => new() { MessageId = messageId, Type = "tests.numbered.v1", ContentType = "application/json" };
}
