using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>Messages that another AMQP client publishes.</summary>
public class Foreign_senders
{
    private const string Queue = "tests.foreign", Name = "tests.foreign.v1";

    [Fact]
    public async Task Well_formed_messages_are_handled()
    {
        await using var world = await StartWorldAsync();
        var headers = new List<IReadOnlyDictionary<string, object?>>();
        await using var service = await StartAsync(world, context =>
        {
            if (context.Headers.ContainsKey("integer"))
            {
                headers.Add(context.Headers);
            }
        });

        await NodeClient.PublishAsync(
            world.Broker,
            new("tests", Name, Body(1), new { messageId = "typed", type = Name, contentType = "application/json", persistent = true }),
            new("tests", Name, Body(2), new { messageId = "by routing key", contentType = "application/json" }),
            new("tests", Name, Body(3), new { messageId = "without a content type" }),
            new("tests", Name, Body(4), new { messageId = "with a charset", contentType = "application/json; charset=utf-8", contentEncoding = "utf-8" }),
            new("tests", Name, Body(5), new { messageId = "with a strange type", type = "ForeignMessage" }),
            new("legacy", "anything.at.all", Body(6), new { messageId = "by binding", type = "urn:message:Foreign" }),
            new("", Queue, Body(7), new { messageId = "straight into the queue", type = Name }),
            new("tests", Name, Body(8), new { messageId = "with all properties", timestamp = 1_735_787_045, priority = 3, appId = "node", correlationId = "c", replyTo = "r", expiration = "600000" }),
            new("tests", Name, Body(9), new
            {
                messageId = "with headers of every kind",
                headers = new Dictionary<string, object?>
                {
                    ["integer"] = 7, ["negative"] = -3_000_000_000, ["fraction"] = 1.5, ["flag"] = true, ["none"] = null, ["text"] = "ü", ["list"] = new object[] { 1, "b" },
                    ["table"] = new Dictionary<string, object> { ["inner"] = 1 }, ["time"] = new Dictionary<string, object> { ["!"] = "timestamp", ["value"] = 1_735_787_045 },
                    ["x-reliable-mq-sent-at"] = "yesterday", ["x-reliable-mq-epoch"] = -1, ["traceparent"] = 7,
                },
            }),
            new("tests", Name, """{"Number":10,"unknown":{"deep":[1]}}""", new { messageId = "with more than is known" }),
            new("tests", Name, Body(1), new { messageId = "typed", type = Name }));

        await Eventually.EqualAsync([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], world.EffectsAsync, "effects");
        await world.ShouldHaveSettledAllAsync(service, Queue, Queue + ".dead");
        var seen = headers.ShouldHaveSingleItem();
        seen["integer"].ShouldBe((sbyte)7);
        seen["negative"].ShouldBe(-3_000_000_000L);
        seen["fraction"].ShouldBe(1.5);
        seen["text"].ShouldBe("ü");
        (await world.CountAsync("dead_letter")).ShouldBe(0);
    }

    [Fact]
    public async Task Ill_formed_messages_are_dead_lettered_with_a_reason_and_the_next_one_is_handled()
    {
        await using var world = await StartWorldAsync();
        await using var service = await StartAsync(world);
        (ForeignMessage Message, string Reason)[] wrong =
        [
            (new("tests", Name, Body(1), new { }), $"The message \"{Name}\" has no message id, so it cannot be handled just once. Set the AMQP property message-id, or [MessageHandler"),
            (new("tests", Name, "{ broken", new { messageId = "broken" }), $"The body of the message \"{Name}\" cannot be read as"),
            (new("tests", Name, "", new { messageId = "empty" }), $"The body of the message \"{Name}\" cannot be read as"),
            (new("tests", Name, "null", new { messageId = "null" }), $"The body of the message \"{Name}\" cannot be read as"),
            (new("tests", Name, "[1]", new { messageId = "list" }), $"The body of the message \"{Name}\" cannot be read as"),
            (new("tests", Name, """{"number":"many"}""", new { messageId = "wrong type" }), $"The body of the message \"{Name}\" cannot be read as"),
            (new("tests", Name, Body(1), new { messageId = "utf-16", contentType = "application/json; charset=utf-16" }, "utf16le"), $"The body of the message \"{Name}\" cannot be read as"),
            (new("tests", Name, "<number/>", new { messageId = "xml", contentType = "text/xml" }), $"The content type \"text/xml\" of the message \"{Name}\" is not supported."),
            (new("", Queue, Body(1), new { messageId = "unknown", type = "tests.unknown.v1" }), $"No handler of the queue \"{Queue}\" takes the message \"tests.unknown.v1\" of the exchange \"\"."),
        ];

        for (var number = 0; number < wrong.Length; number++)
        {
            await NodeClient.PublishAsync(world.Broker, wrong[number].Message, new("tests", Name, Body(100 + number), new { messageId = $"next {number}" }));
        }

        await Eventually.EqualAsync(Enumerable.Range(100, wrong.Length), world.EffectsAsync, "effects");
        await Eventually.EqualAsync(wrong.Length, () => service.DeadLetters.ListAsync().CountAsync().AsTask(), "dead letters");
        var reasons = await service.DeadLetters.ListAsync().Select(dead => dead.Reason).ToListAsync();
        foreach (var expected in wrong.Select(one => one.Reason))
        {
            reasons.ShouldContain(reason => reason.StartsWith(expected, StringComparison.Ordinal), expected);
        }

        (await service.DeadLetters.ListAsync().AllAsync(dead => dead.Attempts == (dead.MessageId == "unknown" ? 0 : 1))).ShouldBeTrue();
    }

    private static async Task<World> StartWorldAsync()
    {
        if (await NodeClient.MissingAsync() is { } why)
        {
            Assert.Skip($"The foreign client cannot be had: {why}");
        }

        var world = await World.CreateAsync();
        await world.Broker.UseChannelAsync(channel => RabbitMQ.Client.IChannelExtensions.ExchangeDeclareAsync(channel, "legacy", "topic", durable: true));
        return world;
    }

    private static async Task<TestService> StartAsync(World world, Action<MessageContext>? look = null)
    {
        var service = await world.StartAsync(setup =>
        {
            setup.Handle<Foreign>(Queue, (message, db, context) =>
            {
                look?.Invoke(context);
                db.Effects.Add(new Effect { Number = message.Number });
                return Task.CompletedTask;
            }, retry: "", bindings: [new("legacy", "#"), new("tests", Name)]);
            // Has the exchange declared; its queue gets nothing.
            setup.HandleNumbered();
            setup.Settings[$"Queues:{Queue}:DeferUnknown"] = "";
        });
        await service.ConsumingAsync();
        return service;
    }

    private static string Body(int number) => $$"""{"number":{{number}}}""";

    [Message(Name)]
    private sealed record Foreign(int Number);

    /// <summary>What the broker has brought to others once, it must not bring to them again with each copy.</summary>
    [Fact]
    public async Task Further_receivers_that_a_sender_names_get_no_copies()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("audit", "elsewhere", "nothing");
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "", before: (_, context) => context.Headers.ContainsKey("x-reliable-mq-epoch")
            ? Task.CompletedTask
            : throw new PermanentFailureException("not yet")));
        await service.ConsumingAsync();
        await world.Broker.PublishAsync("", "tests.numbers", "{\"number\":1}"u8.ToArray(), new RabbitMQ.Client.BasicProperties
        {
            MessageId = "m-1", Type = "tests.numbered.v1", ContentType = "application/json", Headers = new Dictionary<string, object?> { ["CC"] = new List<object?> { "audit" } },
        });
        var dead = await Eventually.FoundAsync(() => service.DeadLetters.ListAsync().FirstOrDefaultAsync().AsTask(), "the dead letter");

        await service.DeadLetters.ReplayAsync(dead.Id, "maria");

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        (await world.ReadyAsync("audit")).ShouldBe(1u, "only what the sender sent");
    }
}
