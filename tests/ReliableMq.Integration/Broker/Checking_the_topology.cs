using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RabbitMQ.Client;
using ReliableMq.Broker.Topology;
using ReliableMq.Integration.Support;
using ReliableMq.Scheduling;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Broker;

public class Checking_the_topology
{
    private const string Queue = "tests.numbers";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_queue_with_another_argument_is_used_as_it_is_and_told_once(bool management)
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync(Queue, "tests", "tests.numbered.v1", new() { ["x-queue-type"] = "quorum", ["x-delivery-limit"] = 1_000_000L });

        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Settings["Broker:ManagementUrl"] = management ? world.Broker.ManagementUri.ToString() : null;
        });
        await service.SaveAsync(new Numbered(1));
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");

        var text = await Eventually.FoundAsync(() => DegradedAsync(service), "the difference in health");
        text.ShouldContain(management
            ? "queue \"tests.numbers\", x-dead-letter-strategy: expected at-least-once, found none. It is used as it is."
            : "queue \"tests.numbers\", x-dead-letter-");
        if (management)
        {
            // AMQP names the first difference only.
            text.Split('\n').Length.ShouldBe(4);
        }

        await CheckAsync(service);
        await CheckAsync(service);
        var logged = service.Logs.Entries.Where(entry => entry.EventId.Id == 3007).ToList();
        logged.ShouldHaveSingleItem().Message.ShouldContain(text);
        await Eventually.TrueAsync(
            () => world.Database.ScalarAsync<bool>("SELECT count(*) > 0 AND bool_and(count = 1 AND kind = 'topology') FROM reliable_mq.alert"), "alerts, each raised once");
    }

    [Fact]
    public async Task Verifying_declares_nothing_and_tells_what_is_missing()
    {
        await using var world = await World.CreateAsync();

        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Settings["Topology:Mode"] = "Verify";
        });

        var text = await Eventually.FoundAsync(() => DegradedAsync(service), "the difference in health");
        text.ShouldBe("""
            exchange "tests": expected a durable topic exchange, found none. Declare it, or set "ReliableMq:Topology:Mode" to Create.
            queue "tests.numbers.dead": expected a durable quorum queue, found none. Declare it, or set "ReliableMq:Topology:Mode" to Create.
            queue "tests.numbers": expected a durable quorum queue, found none. Declare it, or set "ReliableMq:Topology:Mode" to Create. Bindings and policies were not checked: AMQP has no question for them. Set "ReliableMq:Broker:ManagementUrl".
            """.ReplaceLineEndings("\n"));
        (await world.Broker.ListQueuesAsync()).ShouldBeEmpty();

        // A message without an exchange waits with the reason, and does not stop the others.
        await world.BindPlainQueueAsync("elsewhere", "elsewhere", "elsewhere.other.v1");
        await service.SaveAsync(new Numbered(1), new Elsewhere(2));
        await Eventually.TrueAsync(async () => await world.Broker.GetAsync("elsewhere") is not null, "the other message arrives");
        var kept = await Eventually.FoundAsync(async () => (await world.OutboxAsync()).Find(row => row.Error is not null), "the message that waits");
        kept.Error.ShouldBe("The exchange \"tests\" does not exist. Declare it, or set \"ReliableMq:Topology:Mode\" to Create.");

        // All is well once an operator has declared it, with another service's help here.
        await using var creator = await world.StartAsync(setup => setup.HandleNumbered());
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await creator.StopAsync();
        await CheckAsync(service);
        var health = (await service.HealthAsync()).Entries["reliable-mq-topology"];
        health.Status.ShouldBe(HealthStatus.Healthy);
        health.Description.ShouldBe("As needed. Bindings and policies were not checked: AMQP has no question for them. Set \"ReliableMq:Broker:ManagementUrl\".");
        service.Logs.Entries.ShouldContain(entry => entry.EventId.Id == 3012);
    }

    [Fact]
    public async Task Verifying_tells_arguments_that_differ_without_the_management_plugin()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync(Queue + ".dead", "tests", "nothing", new() { ["x-queue-type"] = "quorum", ["x-delivery-limit"] = 5 });

        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Settings["Topology:Mode"] = "Verify";
        });

        (await Eventually.FoundAsync(() => DegradedAsync(service), "the difference in health"))
            .ShouldContain("queue \"tests.numbers.dead\", x-delivery-limit: expected 1000000, found 5. ");
    }

    [Fact]
    public async Task Verifying_with_the_management_plugin_tells_missing_bindings_and_policies()
    {
        await using var world = await World.CreateAsync();
        await using (var creator = await world.StartAsync(setup => setup.HandleNumbered()))
        {
            await Eventually.TrueAsync(() => creator.Logs.Entries.Count(entry => entry.EventId.Id == 4001) == 2, "all is declared");
            await creator.StopAsync();
        }

        await world.Broker.UseChannelAsync(channel => channel.QueueUnbindAsync(Queue, "tests", "tests.numbered.v1"));
        await world.Broker.SetPolicyAsync("short", "^tests\\.numbers$", new Dictionary<string, object> { ["max-length"] = 10, ["overflow"] = "drop-head" });

        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Settings["Topology:Mode"] = "Verify";
            setup.Settings["Broker:ManagementUrl"] = world.Broker.ManagementUri.ToString();
        });

        await Eventually.EqualAsync("""
            queue "tests.numbers", overflow by the policy "short": expected none or reject-publish, found drop-head. Take the key out of the policy, or let the policy match other queues only.
            binding of queue "tests.numbers" to exchange "tests": expected the routing key "tests.numbered.v1", found none. Bind it, or set "ReliableMq:Topology:Mode" to Create.
            """.ReplaceLineEndings("\n"), async () =>
        {
            await CheckAsync(service);
            return await DegradedAsync(service);
        }, "the differences in health");
    }

    [Fact]
    public async Task What_is_deleted_while_the_service_runs_is_declared_again_and_told()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Settings["Broker:ManagementUrl"] = world.Broker.ManagementUri.ToString();
        });
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 3012), "the topology is as needed");

        // Which check tells is left open: one follows each connect, and another may be on its way.
        await world.Broker.UseChannelAsync(channel => channel.QueueUnbindAsync(Queue, "tests", "tests.numbered.v1"));
        await CheckAsync(service);
        await ToldAsync(service,
            "binding of queue \"tests.numbers\" to exchange \"tests\": expected the routing key \"tests.numbered.v1\", found none. It was declared again. Find out who deleted it; meanwhile senders kept what had no way.");

        await world.Broker.UseChannelAsync(channel => channel.ExchangeDeleteAsync("tests"));
        await CheckAsync(service);
        await ToldAsync(service,
            "exchange \"tests\": expected a durable topic exchange, found none. It was declared again. ",
            "binding of queue \"tests.numbers\" to exchange \"tests\": expected the routing key \"tests.numbered.v1\", found none. It was declared again. ",
            "binding of queue \"tests.numbers\" to exchange \"tests\": expected the routing key \"tests.numbered.v1\", found none. It was declared again. ");

        // The message finds its way again.
        await service.SaveAsync(new Numbered(1));
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await CheckAsync(service);
        (await DegradedAsync(service)).ShouldBeNull();
    }

    [Fact]
    public async Task A_deleted_queue_is_declared_again_at_once_by_its_consumer()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        // RabbitMQ 4.0 that deletes a queue in the moment of its creation has no queues like it any more before it is restarted.
        await service.ConsumingAsync();
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 3012), "the topology is as needed");

        await world.Broker.DeleteQueueAsync(Queue);
        await world.Broker.DeleteQueueAsync(Queue + ".dead");

        await service.SaveAsync(new Numbered(1));
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await Eventually.EqualAsync((IEnumerable<string>)[Queue, Queue + ".dead"], async () => (await world.Broker.ListQueuesAsync()).Select(queue => queue.Name).Order().AsEnumerable(), "queues");
    }

    /// <summary>
    /// RabbitMQ before 4.0 that takes a declaration while it deletes the queue tells the consumer nothing of either. So
    /// a check declares no queue that is consumed, and has nothing to gain from it.
    /// </summary>
    [Theory]
    [InlineData("Create")]
    [InlineData("Verify")]
    public async Task A_queue_that_is_consumed_is_not_declared_by_a_check(string mode)
    {
        await using var world = await World.CreateAsync();
        await using (var before = await world.StartAsync(setup => setup.HandleNumbered()))
        {
            await before.ConsumingAsync();
        }

        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Settings["Topology:Mode"] = mode;
        });
        await service.ConsumingAsync();
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 3012), "the topology is as needed");

        await world.Broker.AllowDeclaringAsync("^$");
        await CheckAsync(service);

        // What is declared is refused, and told.
        var notes = service.Host.Services.GetRequiredService<TopologyState>().Current!.Notes;
        notes.ShouldContain("The properties of the exchange \"tests\" were not checked: ");
        notes.ShouldNotContain("The properties of the queue");
    }

    [Fact]
    public async Task A_consumer_that_the_broker_does_not_know_begins_again_when_two_looks_say_so()
    {
        await using var world = await World.CreateAsync();
        await using var connection = await world.Broker.OpenConnectionAsync();
        var declarer = new TopologyDeclarer(new ReliableMqOptions());
        var told = new List<string>();
        declarer.BeginAgain = (queue, reason) =>
        {
            told.Add($"{queue}: {reason}");
            return false;
        };
        var inspector = new TopologyInspector(TopologyMode.Create, null, declarer);
        Task LookAsync() => inspector.InspectAsync(connection, [new QueueTopology(Queue, Queue + ".dead", [new Binding("tests", "#")])], [], CancellationToken.None);

        await LookAsync();
        told.ShouldBe([$"{Queue}.dead: its queue is gone", $"{Queue}: its queue is gone"], "they were missing, and nobody consumed them");
        told.Clear();
        await LookAsync();
        told.ShouldBeEmpty("one look says little");
        await LookAsync();
        told.ShouldBe([$"{Queue}.dead: the broker does not know of it", $"{Queue}: the broker does not know of it"]);
        told.Clear();

        await using var channel = await connection.CreateChannelAsync();
        await channel.BasicConsumeAsync(Queue, autoAck: false, new RabbitMQ.Client.Events.AsyncEventingBasicConsumer(channel));
        await LookAsync();
        await LookAsync();
        told.ShouldBe([$"{Queue}.dead: the broker does not know of it"]);
    }

    [Theory]
    [InlineData("None")]
    [InlineData("Verify")]
    public async Task A_consumer_that_the_broker_does_not_know_is_found_whatever_is_declared(string mode)
    {
        await using var world = await World.CreateAsync();
        await using (var before = await world.StartAsync(setup => setup.HandleNumbered()))
        {
            await before.ConsumingAsync();
        }

        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Settings["Topology:Mode"] = mode;
            setup.Settings["Broker:ManagementUrl"] = world.Broker.ManagementUri.ToString();
        });
        await service.ConsumingAsync();
        var declarer = service.Host.Services.GetRequiredService<TopologyDeclarer>();
        var told = new List<string>();
        declarer.Consumes = _ => true;
        declarer.BeginAgain = (queue, reason) =>
        {
            told.Add($"{queue}: {reason}");
            return false;
        };
        await service.Host.Services.GetRequiredService<IConsumers>().PauseAsync(Queue, "maria", lasting: false);
        await Eventually.EqualAsync(0u, () => world.Broker.UseChannelAsync(channel => channel.ConsumerCountAsync(Queue)), "consumers");

        await CheckAsync(service);
        await CheckAsync(service);

        told.ShouldContain($"{Queue}: the broker does not know of it");
        told.ShouldNotContain($"{Queue}.dead: the broker does not know of it");
    }

    /// <summary>
    /// RabbitMQ says of a quorum queue that it exists before it can be consumed, and closes the connection of whoever believes
    /// that (541). A queue's consumer and that of its dead letters both declare the latter.
    /// </summary>
    [Fact]
    public async Task Who_finds_a_queue_that_the_other_has_just_declared_may_consume_it()
    {
        await using var world = await World.CreateAsync();
        var declarer = new TopologyDeclarer(new ReliableMqOptions());
        for (var round = 0; round < 40; round++)
        {
            var topology = new QueueTopology($"round-{round}", $"round-{round}.dead", [new Binding("tests", "#")]);
            await using var first = await world.Broker.OpenConnectionAsync();
            await using var second = await world.Broker.OpenConnectionAsync();
            await Task.WhenAll(ConsumeAsync(first), ConsumeAsync(second));

            async Task ConsumeAsync(IConnection connection)
            {
                await declarer.DeclareDeadLetterQueueAsync(connection, topology, CancellationToken.None);
                await using var channel = await connection.CreateChannelAsync();
                await channel.BasicConsumeAsync(topology.DeadLetterQueue, autoAck: false, new RabbitMQ.Client.Events.AsyncEventingBasicConsumer(channel));
            }
        }
    }

    [Fact]
    public async Task A_consumer_declares_no_dead_letter_queue_that_is_consumed()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();

        await world.Broker.AllowDeclaringAsync(@"^tests(\.numbers)?$");
        service.Host.Services.GetRequiredService<TopologyDeclarer>().BeginAgain(Queue, "a test says so").ShouldBeTrue();

        // Whoever declares it all the same is refused, and does not consume.
        await service.ConsumingAsync();
        service.Logs.Entries.ShouldNotContain(entry => entry.Exception is ReliableMqException && entry.Exception.Message.Contains("cannot be declared", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_difference_is_raised_when_the_database_is_back()
    {
        await using var world = await World.CreateAsync();
        var address = new Npgsql.NpgsqlConnectionStringBuilder(world.Database.ConnectionString);
        await using var proxy = await TcpProxy.StartAsync(address.Host!, address.Port);
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.ConnectionString = new Npgsql.NpgsqlConnectionStringBuilder(setup.ConnectionString) { Host = proxy.Host, Port = proxy.Port, Timeout = 3 }.ConnectionString;
        });
        await service.ConsumingAsync();
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 3012), "the topology is as needed");
        proxy.Accepting = false;
        proxy.ResetAll();
        await world.Broker.UseChannelAsync(channel => channel.ExchangeDeleteAsync("tests"));
        await world.Broker.UseChannelAsync(channel => channel.ExchangeDeclareAsync("tests", "fanout", durable: true, autoDelete: false));
        await CheckAsync(service);
        service.Logs.Entries.ShouldContain(entry => entry.EventId.Id == 3007);

        proxy.Accepting = true;

        await Eventually.TrueAsync(async () =>
        {
            await CheckAsync(service);
            return await world.CountAsync("alert WHERE kind = 'topology'") > 0;
        }, "the alert");
    }

    [Fact]
    public async Task A_consumer_that_begins_again_goes_on()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();

        service.Host.Services.GetRequiredService<TopologyDeclarer>().BeginAgain(Queue, "a test says so").ShouldBeTrue();
        await service.Logs.WaitForAsync(entry => entry.EventId.Id == 4016, "the consumer begins again");
        await Eventually.TrueAsync(() => service.Logs.Entries.Count(entry => entry.EventId.Id == 4001 && entry.Message.Contains($"\"{Queue}\"", StringComparison.Ordinal)) == 2, "it consumes again");

        await service.SaveAsync(new Numbered(1));
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await world.ShouldHaveSettledAllAsync(service, Queue);
    }

    [Fact]
    public async Task Without_a_mode_nothing_is_declared_and_nothing_is_checked()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Settings["Topology:Mode"] = "None";
        });
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 4004), "the consumer has looked for its queue");
        await CheckAsync(service);

        (await world.Broker.ListQueuesAsync()).ShouldBeEmpty();
        (await service.HealthAsync()).Entries["reliable-mq-topology"].Description.ShouldBe("Not checked: \"ReliableMq:Topology:Mode\" is None.");

        // What others declare is used.
        await world.BindPlainQueueAsync(Queue, "tests", "tests.numbered.v1");
        await service.SaveAsync(new Numbered(1));
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task A_service_that_only_sends_has_its_exchanges_checked()
    {
        await using var world = await World.CreateAsync();
        await world.Broker.UseChannelAsync(channel => channel.ExchangeDeclareAsync("tests", "fanout", durable: true, autoDelete: false));
        await using var service = await world.StartAsync();

        await service.SaveAsync(new Numbered(1));

        (await Eventually.FoundAsync(() => DegradedAsync(service), "the difference in health")).ShouldStartWith("exchange \"tests\", type: expected topic, found fanout. ");
    }

    [Fact]
    public async Task A_management_plugin_that_does_not_answer_is_told_and_the_rest_is_checked()
    {
        await using var world = await World.CreateAsync();
        await world.Broker.UseChannelAsync(channel => channel.ExchangeDeclareAsync("tests", "fanout", durable: true, autoDelete: false));
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Settings["Broker:ManagementUrl"] = "http://127.0.0.1:1";
        });

        var text = await Eventually.FoundAsync(() => DegradedAsync(service), "the difference in health");
        text.ShouldStartWith("exchange \"tests\", type: expected topic, found fanout. ");
        text.ShouldContain(" Bindings and policies were not checked: the management plugin could not be asked: ");
    }

    [Fact]
    public async Task Names_of_source_and_target_are_used_by_both_sides()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.Settings["Topology:Naming"] = "SourceToTarget";
            setup.Handle<StockReserved>("SALE_TO_PRODUCT_QUEUE", (message, db, _) =>
            {
                db.Effects.Add(new Effect { Number = message.Number });
                return message.Number == 2 ? throw new PermanentFailureException("no stock") : Task.CompletedTask;
            });
        });

        await service.SaveAsync(new StockReserved(1), new StockReserved(2));

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(1, () => world.CountAsync("dead_letter"), "dead letters");
        (await world.Broker.ListQueuesAsync()).Select(queue => queue.Name).Order().ShouldBe(["SALE_TO_PRODUCT_QUEUE", "SALE_TO_PRODUCT_QUEUE_DEAD"]);
        await world.Broker.UseChannelAsync(channel => channel.ExchangeDeclarePassiveAsync("SALE_TO_PRODUCT_EXCHANGE"));
        await world.ShouldHaveSettledAllAsync(service, "SALE_TO_PRODUCT_QUEUE", "SALE_TO_PRODUCT_QUEUE_DEAD");
    }

    private static async Task CheckAsync(TestService service) =>
        await service.Host.Services.GetServices<IScheduledWork>().OfType<TopologyCheck>().Single().RunOnceAsync(CancellationToken.None);

    /// <summary>All that was told so far, in whatever order; what another check has mended is told when that one is done.</summary>
    private static async Task ToldAsync(TestService service, params string[] differences)
    {
        await Eventually.TrueAsync(() => Lines().Count >= differences.Length, "the differences are told");
        var lines = Lines();
        lines.Count.ShouldBe(differences.Length, string.Join('\n', lines));
        foreach (var alike in differences.GroupBy(difference => difference))
        {
            lines.Count(line => line.StartsWith(alike.Key, StringComparison.Ordinal)).ShouldBe(alike.Count(), string.Join('\n', lines));
        }

        List<string> Lines() => [.. service.Logs.Entries.Where(entry => entry.EventId.Id == 3007).SelectMany(entry => entry.Message.Split('\n').Skip(1))];
    }

    private static async Task<string?> DegradedAsync(TestService service) =>
        (await service.HealthAsync()).Entries["reliable-mq-topology"] is { Status: HealthStatus.Degraded, Description: var text } ? text : null;
}

[Message("sale.stock-reserved.v1", Target = "product")]
public sealed record StockReserved(int Number);
