using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client;
using ReliableMq.Integration.Support;
using ReliableMq.Scheduling;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>Queues bound to exchanges of others.</summary>
public class Consuming_by_bindings
{
    private const string Queue = "tests.invoices";

    [Fact]
    public async Task A_pattern_means_the_same_here_as_to_the_broker()
    {
        await using var world = await World.CreateAsync();
        string[] patterns = ["a", "a.b", "*", "#", "*.*", "a.*", "a.#", "#.a", "#.a.#", "*.#", "#.*", "a.#.b", "a.*.b", "#.#", "a..b", "a.", "#.b.*", "*.a.#.b", "a*", "##"];
        string[] keys = ["", "a", "b", ".", "a.b", "a.a", "b.a", "a.b.a", "a..b", "a.", ".a", "a.x.b", "a.x.y.b", "x.b.a", "x.a.y.b", "x.a.b", "a*", "##", "*", "#"];
        await world.Broker.UseChannelAsync(async channel =>
        {
            await channel.ExchangeDeclareAsync("patterns", "topic", durable: true);
            foreach (var pattern in patterns)
            {
                await channel.QueueDeclareAsync(pattern, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "classic" });
                await channel.QueueBindAsync(pattern, "patterns", pattern);
            }
        });
        foreach (var key in keys)
        {
            // Confirmed when it is in every queue that it goes to.
            await world.Broker.PublishAsync("patterns", key, "{}");
        }

        foreach (var pattern in patterns)
        {
            var arrived = new List<string>();
            while (await world.Broker.GetAsync(pattern) is { } message)
            {
                arrived.Add(message.RoutingKey);
            }

            arrived.ShouldBe(keys.Where(key => new ReliableMq.Broker.Topology.Binding("patterns", pattern).Matches("patterns", key)), pattern);
        }
    }

    [Theory]
    [InlineData("topic", "invoice.*")]
    [InlineData("fanout", "#")]
    [InlineData("direct", "invoice.created")]
    public async Task A_message_of_a_foreign_exchange_is_handled_retried_and_handled(string type, string pattern)
    {
        await using var world = await World.CreateAsync();
        await DeclareAsync(world, "legacy", type);
        var seen = new List<string>();
        await using var service = await world.StartAsync(setup =>
        {
            Management(setup, world);
            setup.HandleNumbered();
            setup.Handle<Invoiced>(Queue, (message, db, context) =>
            {
                seen.Add($"{context.MessageName} {context.Attempt}");
                return context.Attempt < 3 ? throw new InvalidOperationException("not yet") : EffectAsync(db, message.Number);
            }, retry: "100ms, 1h", bindings: [new("legacy", pattern)]);
            setup.Handle<Other>(Queue, (_, _, _) => throw new InvalidOperationException("not mine"), retry: null);
        });
        await service.ConsumingAsync();

        await world.Broker.PublishAsync("legacy", "invoice.created", """{"number":7}""", new BasicProperties { MessageId = "foreign" });
        await Eventually.EqualAsync("scheduled", () => world.Database.ScalarAsync<string>("SELECT state FROM reliable_mq.failure"), "the state of the failure");
        await world.Database.ExecuteAsync("UPDATE reliable_mq.outbox SET available_at = clock_timestamp()");

        await Eventually.EqualAsync([7], world.EffectsAsync, "effects");
        seen.ShouldBe(["invoice.created 1", "invoice.created 2", "invoice.created 3"]);

        // The exchange was never declared: declared as topic, another type would be a difference.
        await CheckAsync(service);
        await CheckAsync(service);
        var health = (await service.HealthAsync()).Entries["reliable-mq-topology"];
        health.Description.ShouldBe("As needed.");
    }

    [Fact]
    public async Task A_dead_letter_of_a_foreign_exchange_is_replayed_to_its_handler()
    {
        await using var world = await World.CreateAsync();
        await DeclareAsync(world, "legacy", "topic");
        var isMended = false;
        await using var service = await world.StartAsync(setup =>
        {
            setup.Handle<Invoiced>(Queue, (message, db, _) => isMended ? EffectAsync(db, message.Number) : throw new InvalidOperationException("not yet"), retry: "", bindings: [new("legacy", "invoice.*")]);
            setup.Handle<Other>(Queue, (_, _, _) => Task.CompletedTask, retry: null);
        });
        await service.ConsumingAsync();
        await world.Broker.PublishAsync("legacy", "invoice.created", """{"number":7}""", new BasicProperties { MessageId = "foreign" });
        var dead = await Eventually.FoundAsync(() => Laws.Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter");

        isMended = true;
        await service.DeadLetters.ReplayAsync(dead.Id, "maria");

        await Eventually.EqualAsync([7], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task A_missing_exchange_is_waited_for_and_told_and_nothing_is_lost()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Handle<Invoiced>(Queue, (message, db, _) => EffectAsync(db, message.Number), bindings: [new("legacy", "invoice.#")]);
            setup.Handle<Other>(Queue, (message, db, _) => EffectAsync(db, message.Number));
        });

        await Eventually.EqualAsync(
            "\"tests.invoices\": failing: exchange \"legacy\": expected one that somebody else declares, found none. Declare it where it belongs, or correct [Binding] or \"ReliableMq:Queues:tests.invoices:Bindings\".",
            async () => (await service.HealthAsync()).Entries["reliable-mq-consumers"].Description, "health");

        // The other message of the queue is bound and waits; another queue goes on.
        await service.SaveAsync(new Other(1), new Numbered(2));
        await Eventually.EqualAsync([2], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(1u, () => world.Broker.UseChannelAsync(channel => channel.MessageCountAsync(Queue)), "messages that wait");
        (await world.Broker.UseChannelAsync(channel => channel.ConsumerCountAsync(Queue))).ShouldBe(0u);
        (await world.Broker.UseChannelAsync(channel => channel.ConsumerCountAsync(Queue + ".dead"))).ShouldBe(1u);

        await DeclareAsync(world, "legacy", "topic");
        await service.ConsumingAsync();
        await world.Broker.PublishAsync("legacy", "invoice.created", """{"number":3}""", new BasicProperties { MessageId = "foreign" });
        await Eventually.EqualAsync([1, 2, 3], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task Configured_bindings_replace_all_others()
    {
        await using var world = await World.CreateAsync();
        await DeclareAsync(world, "legacy", "topic");
        await using var service = await world.StartAsync(setup =>
        {
            Management(setup, world);
            setup.Settings[$"Queues:{Queue}:Bindings:0"] = "legacy: credit.#";
            setup.Settings[$"Queues:{Queue}:Bindings:1"] = "legacy: invoice.#";
            setup.Handle<Invoiced>(Queue, (message, db, _) => EffectAsync(db, message.Number), bindings: [new("absent", "#")]);
        });
        await service.ConsumingAsync();

        await world.Broker.PublishAsync("legacy", "credit.given", """{"number":1}""", new BasicProperties { MessageId = "credit" });
        await world.Broker.PublishAsync("legacy", "invoice.created", """{"number":2}""", new BasicProperties { MessageId = "invoice" });

        await Eventually.EqualAsync([1, 2], world.EffectsAsync, "effects");
        (await world.Broker.UseChannelAsync(async channel => await Record.ExceptionAsync(() => channel.ExchangeDeclarePassiveAsync("tests")))).ShouldNotBeNull("the exchange of the message's own name is nobody's here");
    }

    [Fact]
    public async Task A_message_of_a_binding_that_is_no_longer_wanted_is_dead_lettered_with_the_remedy()
    {
        await using var world = await World.CreateAsync();
        await DeclareAsync(world, "legacy", "topic");
        await using var service = await world.StartAsync(setup =>
        {
            setup.Handle<Invoiced>(Queue, (message, db, _) => EffectAsync(db, message.Number), retry: "", bindings: [new("legacy", "invoice.#")]);
            setup.Settings[$"Queues:{Queue}:DeferUnknown"] = "1s";
        });
        await service.ConsumingAsync();
        await world.Broker.UseChannelAsync(channel => channel.QueueBindAsync(Queue, "legacy", "credit.#"));

        await world.Broker.PublishAsync("legacy", "credit.given", """{"number":1}""", new BasicProperties { MessageId = "credit" });

        var dead = await Eventually.FoundAsync(() => Laws.Nothing_disappears.FirstDeadLetterAsync(service), "a dead letter");
        dead.Reason.ShouldStartWith("No handler of the queue \"tests.invoices\" takes the message \"credit.given\" of the exchange \"legacy\". It takes: \"tests.invoiced.v1\". Add a handler or its [Binding], or remove the binding that brings it.");
    }

    [Fact]
    public async Task Verifying_tells_of_a_missing_foreign_binding_and_exchange_and_makes_neither()
    {
        await using var world = await World.CreateAsync();
        await using (var creator = await world.StartAsync(Handle))
        {
            await DeclareAsync(world, "legacy", "fanout");
            await creator.ConsumingAsync();
        }

        await using var service = await world.StartAsync(setup =>
        {
            Handle(setup);
            Management(setup, world);
            setup.Settings["Topology:Mode"] = "Verify";
        });
        await service.ConsumingAsync();
        await CheckAsync(service);
        (await TopologyAsync(service)).ShouldBe("As needed.");

        await world.Broker.UseChannelAsync(channel => channel.QueueUnbindAsync(Queue, "legacy", "#"));
        await CheckAsync(service);
        (await TopologyAsync(service)).ShouldBe("binding of queue \"tests.invoices\" to exchange \"legacy\": expected the routing key \"#\", found none. Bind it, or set \"ReliableMq:Topology:Mode\" to Create.");

        await world.Broker.UseChannelAsync(channel => channel.ExchangeDeleteAsync("legacy"));
        await CheckAsync(service);
        (await TopologyAsync(service)).ShouldBe("exchange \"legacy\": expected one that somebody else declares, found none. Declare it where it belongs, or correct [Binding] or \"ReliableMq:Queues:tests.invoices:Bindings\".");

        static void Handle(TestServiceSetup setup) => setup.Handle<Invoiced>(Queue, (message, db, _) => EffectAsync(db, message.Number), bindings: [new("legacy", "#")]);
    }

    [Fact]
    public async Task A_foreign_binding_that_somebody_removed_is_made_again()
    {
        await using var world = await World.CreateAsync();
        await DeclareAsync(world, "legacy", "fanout");
        await using var service = await world.StartAsync(setup => setup.Handle<Invoiced>(Queue, (message, db, _) => EffectAsync(db, message.Number), bindings: [new("legacy", "#")]));
        await service.ConsumingAsync();
        await world.Broker.UseChannelAsync(channel => channel.QueueUnbindAsync(Queue, "legacy", "#"));

        await CheckAsync(service);
        await world.Broker.PublishAsync("legacy", "any", """{"number":1}""", new BasicProperties { MessageId = "foreign" });

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    private static void Management(TestServiceSetup setup, World world) => setup.Settings["Broker:ManagementUrl"] = world.Broker.ManagementUri.ToString();

    private static Task CheckAsync(TestService service) =>
        service.Host.Services.GetServices<IScheduledWork>().Single(work => work.Name == "topology-check").RunOnceAsync(CancellationToken.None);

    private static async Task<string?> TopologyAsync(TestService service) => (await service.HealthAsync()).Entries["reliable-mq-topology"].Description;

    private static Task DeclareAsync(World world, string exchange, string type) =>
        world.Broker.UseChannelAsync(channel => channel.ExchangeDeclareAsync(exchange, type, durable: true));

    private static Task EffectAsync(TestDb db, int number)
    {
        db.Effects.Add(new Effect { Number = number });
        return Task.CompletedTask;
    }

    [Message("tests.invoiced.v1")]
    private sealed record Invoiced(int Number);

    [Message("tests.other.v1")]
    private sealed record Other(int Number);
}
