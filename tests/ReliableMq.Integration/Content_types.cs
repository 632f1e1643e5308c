using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

public class Content_types
{
    [Fact]
    public async Task A_message_of_a_content_type_of_its_own_goes_round_by_its_serializer()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("seen", "tests", "tests.tiny.v1");
        await using var service = await world.StartAsync(setup =>
        {
            setup.Services = services => services.AddReliableMq().AddSerializer<TinySerializer>();
            setup.Handle<Tiny>("tests.tiny", (message, db, _) => AddEffectAsync(db, message.Number));
        });
        await service.ConsumingAsync();

        await service.SaveAsync(new Tiny(258));
        await Eventually.EqualAsync([258], world.EffectsAsync, "effects");
        await service.Host.Services.GetRequiredService<IMessagePublisher>().PublishAsync(new Tiny(259));

        await Eventually.EqualAsync([258, 259], world.EffectsAsync, "effects");
        var seen = (await world.Broker.GetAsync("seen")).ShouldNotBeNull();
        seen.BasicProperties.ContentType.ShouldBe("application/x-tiny");
        seen.Body.ToArray().ShouldBe([0, 0, 1, 2]);
    }

    [Fact]
    public async Task A_content_type_without_a_serializer_is_refused_at_the_call_and_dead_lettered_on_receipt()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();

        (await Should.ThrowAsync<ReliableMqException>(() => service.SaveAsync(new Tiny(1)))).Message.ShouldBe(
            "The message \"tests.tiny.v1\" has the content type \"application/x-tiny\", which no serializer writes. Register one with AddReliableMq(…).AddSerializer<T>(), or give it another in [Message(…, ContentType = …)]. There are: \"application/json\".");
        await service.SaveAsync(new RawMessage("tests.numbered.v1", new byte[] { 0, 0, 0, 1 }, "application/x-tiny"));

        await Eventually.EqualAsync(1, () => service.DeadLetters.ListAsync().CountAsync().AsTask(), "dead letters");
        var deadLetter = await service.DeadLetters.ListAsync().SingleAsync();
        deadLetter.Attempts.ShouldBe(1);
        deadLetter.Reason.ShouldBe(
            "The content type \"application/x-tiny\" of the message \"tests.numbered.v1\" is not supported. Send \"application/json\", or register a serializer with AddReliableMq(…).AddSerializer<T>().");
    }

    [Fact]
    public async Task A_source_generated_context_writes_and_reads_what_it_knows()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("seen", "tests", "tests.generated.v1");
        await using var service = await world.StartAsync(setup =>
        {
            // The name on the wire tells that it was the context and not reflection.
            setup.Services = services => services.AddReliableMq().AddJsonContext(TestJson.Default.WithAddedModifier(type =>
            {
                foreach (var property in type.Properties)
                {
                    property.Name = "generated";
                }
            }));
            setup.Handle<Generated>("tests.generated", (message, db, _) => AddEffectAsync(db, message.Number));
            setup.HandleNumbered();
        });
        await service.ConsumingAsync();

        await service.SaveAsync(new Generated(1), new Numbered(2));

        await Eventually.EqualAsync([1, 2], world.EffectsAsync, "effects");
        (await world.Broker.GetAsync("seen")).ShouldNotBeNull().Body.ToArray().ShouldBe("""{"generated":1}"""u8.ToArray());
    }

    [Fact]
    public async Task Raw_bytes_arrive_as_they_are_at_a_plain_consumer_and_at_a_JSON_handler()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync("pictures", "tests", "tests.picture.v1");
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.ConsumingAsync();
        byte[] picture = [0x89, 0x50, 0, 255, 0xFE];

        await service.SaveAsync(
            new RawMessage("tests.picture.v1", picture, "image/png"),
            new RawMessage("tests.numbered.v1", Encoding.UTF8.GetBytes("""{ "number": 7 }"""), "application/json; charset=utf-8"));
        await service.Host.Services.GetRequiredService<IMessagePublisher>().PublishAsync(new RawMessage("tests.picture.v1", default, "image/gif"), new MessageOptions { MessageId = "empty" });

        await Eventually.EqualAsync([7], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(2, async () => (await world.Broker.QueueCountsAsync("pictures")).Ready, "pictures");
        var seen = new[] { (await world.Broker.GetAsync("pictures"))!, (await world.Broker.GetAsync("pictures"))! };
        var gif = seen.Single(one => one.BasicProperties.MessageId == "empty");
        gif.Body.Length.ShouldBe(0);
        var png = seen.Single(one => one != gif);
        png.BasicProperties.ContentType.ShouldBe("image/png");
        png.BasicProperties.Type.ShouldBe("tests.picture.v1");
        png.Body.ToArray().ShouldBe(picture);
    }

    [Fact]
    public async Task Raw_bytes_larger_than_allowed_are_refused()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.Settings["Broker:MaxMessageBytes"] = "1000");

        var error = await Should.ThrowAsync<ReliableMqException>(() => service.SaveAsync(new RawMessage("tests.picture.v1", new byte[1001], "image/png")));

        error.Message.ShouldStartWith("The message \"tests.picture.v1\" has 1001 bytes, more than the 1000 allowed.");
    }

    private static Task AddEffectAsync(TestDb db, int number)
    {
        db.Effects.Add(new Effect { Number = number });
        return Task.CompletedTask;
    }

    [Message("tests.tiny.v1", ContentType = "application/x-tiny")]
    private sealed record Tiny(int Number);

    /// <summary>Four bytes a message.</summary>
    private sealed class TinySerializer : IMessageSerializer
    {
        public string ContentType => "application/x-tiny";

        public byte[] Serialize(object message)
        {
            var body = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(body, ((Tiny)message).Number);
            return body;
        }

        public object Deserialize(ReadOnlyMemory<byte> body, Type type) => new Tiny(BinaryPrimitives.ReadInt32BigEndian(body.Span));
    }

    [Message("tests.generated.v1")]
    internal sealed record Generated(int Number);
}

[JsonSerializable(typeof(Content_types.Generated))]
internal sealed partial class TestJson : JsonSerializerContext;
