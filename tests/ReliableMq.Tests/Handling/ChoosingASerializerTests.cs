using System.Text;
using Microsoft.Extensions.DependencyInjection;
using ReliableMq.Failing;
using ReliableMq.Tests.Hosting;

namespace ReliableMq.Tests.Handling;

public sealed class ChoosingASerializerTests
{
    [Fact]
    public void A_message_is_written_by_the_serializer_of_its_content_type()
    {
        var written = Some.Serializer(new Reversing()).Serialize(new Reversed("abc"));

        written.Name.ShouldBe("orders.reversed.v1");
        written.ContentType.ShouldBe("application/x-reversed; v=1");
        written.Body.ShouldBe("cba"u8.ToArray());
    }

    [Theory]
    [InlineData("application/x-reversed")]
    [InlineData("Application/X-Reversed ; v=2")]
    [InlineData("")]
    [InlineData(null)]
    public void A_delivery_is_read_by_the_serializer_of_its_content_type_or_of_the_message(string? contentType) =>
        Some.Serializer(new Reversing()).Deserialize("cba"u8.ToArray(), typeof(Reversed), contentType, "orders.reversed.v1").ShouldBe(new Reversed("abc"));

    [Fact]
    public void A_delivery_in_JSON_is_read_although_the_message_is_now_sent_otherwise() =>
        Some.Serializer(new Reversing()).Deserialize("""{"text":"abc"}"""u8.ToArray(), typeof(Reversed), "application/json", "orders.reversed.v1").ShouldBe(new Reversed("abc"));

    [Fact]
    public void A_content_type_without_a_serializer_is_refused_when_the_message_is_added() =>
        Should.Throw<ReliableMqException>(() => Some.Serializer().Serialize(new Reversed("abc"))).Message.ShouldBe(
            "The message \"orders.reversed.v1\" has the content type \"application/x-reversed; v=1\", which no serializer writes. Register one with AddReliableMq(…).AddSerializer<T>(), or give it another in [Message(…, ContentType = …)]. There are: \"application/json\".");

    [Fact]
    public void A_content_type_without_a_serializer_is_unreadable() =>
        Should.Throw<UnreadableMessageException>(() => Some.Serializer(new Reversing()).Deserialize([], typeof(OrderPlaced), "text/plain", "orders.order-placed.v1")).Message.ShouldBe(
            "The content type \"text/plain\" of the message \"orders.order-placed.v1\" is not supported. Send \"application/json\" or \"application/x-reversed\", or register a serializer with AddReliableMq(…).AddSerializer<T>().");

    [Fact]
    public void What_a_serializer_throws_is_told()
    {
        var serializer = Some.Serializer(new Reversing());

        Should.Throw<ReliableMqException>(() => serializer.Serialize(new Reversed("never"))).Message.ShouldBe(
            "The message \"orders.reversed.v1\" (\"ReliableMq.Tests.Handling.ChoosingASerializerTests+Reversed\") cannot be serialized to \"application/x-reversed; v=1\": Not this one. Change it to what \"Reversing\" can write.");
        Should.Throw<UnreadableMessageException>(() => serializer.Deserialize("reven"u8.ToArray(), typeof(Reversed), null, "orders.reversed.v1")).Message.ShouldBe(
            "The body of the message \"orders.reversed.v1\" cannot be read as \"ReliableMq.Tests.Handling.ChoosingASerializerTests+Reversed\": Not this one.");
    }

    [Fact]
    public void A_serializer_that_reads_another_type_than_asked_for_is_told() =>
        Should.Throw<UnreadableMessageException>(() => Some.Serializer(new Reversing()).Deserialize("cba"u8.ToArray(), typeof(OrderPlaced), "application/x-reversed", "orders.order-placed.v1")).Message.ShouldBe(
            "The body of the message \"orders.order-placed.v1\" was read as \"ReliableMq.Tests.Handling.ChoosingASerializerTests+Reversed\" by \"Reversing\", which was asked for \"ReliableMq.Tests.OrderPlaced\".");

    [Fact]
    public void An_own_serializer_for_JSON_replaces_ours() =>
        Some.Serializer(new Reversing("application/json")).Serialize(new OrderPlaced(Guid.Empty, 1)).Body.ShouldBe("?"u8.ToArray());

    [Fact]
    public void A_raw_message_is_taken_as_it_is()
    {
        byte[] body = [0, 255, 7];
        var written = Some.Serializer().Serialize(new RawMessage("orders.raw.v1", body, "image/png"));
        body[0] = 1;

        written.ContentType.ShouldBe("image/png");
        written.Name.ShouldBe("orders.raw.v1");
        written.Body.ShouldBe([0, 255, 7]);
    }

    [Fact]
    public void The_name_and_content_type_of_a_raw_message_are_checked()
    {
        Should.Throw<ReliableMqException>(() => Some.Serializer().Serialize(new RawMessage("Orders", default, "image/png"))).Message.ShouldBe(
            "The message name \"Orders\" of \"RawMessage\" is not valid. Use at least two parts of lower-case letters, digits, '-' and '_', separated by dots, at most 200 characters, like \"orders.order-placed.v1\".");
        Should.Throw<ReliableMqException>(() => Some.Serializer().Serialize(new RawMessage("orders.raw.v1", default, ""))).Message.ShouldBe(
            "The content type \"\" of the message \"orders.raw.v1\" is not valid. Use 1 to 255 bytes of UTF-8 without U+0000 and half surrogate pairs.");
        Should.Throw<ReliableMqException>(() => Some.Serializer().Serialize(new RawMessage(null!, default, "image/png"))).Message.ShouldStartWith("The message name \"\" of \"RawMessage\" is not valid.");
        Should.Throw<ReliableMqException>(() => Some.Serializer().Serialize(new RawMessage("orders.raw.v1", default, new string('a', 256)))).Message.ShouldContain("is not valid");
    }

    [Fact]
    public void Wrong_serializers_are_told_at_start() =>
        Configured.Errors(builder => builder.AddSerializer<Reversing>().AddSerializer<ReversingToo>().AddSerializer<Nameless>().AddInbox<BillingDb>()
            .AddHandler(Handler(typeof(Reversed))).AddHandler(Handler(typeof(Unwritten)))).ShouldBe(
        [
            "The serializer \"Nameless\" has the content type \"nameless\", which is not a type and a subtype. Write one like \"application/x-protobuf\", without parameters.",
            "The content type \"application/x-reversed\" has more than one serializer: \"Reversing\", \"ReversingToo\". Register one of them.",
            "The message \"Unwritten\" of the queue \"billing\" has the content type \"application/x-unwritten\", which no serializer reads. Register one with AddReliableMq(…).AddSerializer<T>().",
        ]);

    private static HandlerDefinition Handler(Type type) => new()
    {
        Queue = "billing", MessageName = type.Name, MessageType = type, HandlerName = type.Name, Invoke = (_, _, _) => ValueTask.CompletedTask,
    };

    [Message("orders.reversed.v1", ContentType = "application/x-reversed; v=1")]
    private sealed record Reversed(string Text);

    [Message("orders.unwritten.v1", ContentType = "application/x-unwritten")]
    private sealed record Unwritten;

    private class Reversing(string contentType) : IMessageSerializer
    {
        public Reversing() : this("application/x-reversed")
        {
        }

        public string ContentType { get; } = contentType;

        public byte[] Serialize(object message) => message is Reversed { Text: var text } ? Encoding.UTF8.GetBytes(Reverse(text)) : "?"u8.ToArray();

        public object Deserialize(ReadOnlyMemory<byte> body, Type type) => new Reversed(Reverse(Encoding.UTF8.GetString(body.Span)));

        private static string Reverse(string text) =>
            text is "never" or "reven" ? throw new FormatException("Not this one.") : new string([.. text.Reverse()]);
    }

    private sealed class ReversingToo : Reversing;

    private sealed class Nameless() : Reversing("nameless");
}
