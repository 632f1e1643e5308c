using System.Diagnostics;
using System.Text;
using Microsoft.EntityFrameworkCore;
using ReliableMq.Broker;
using ReliableMq.Broker.Naming;
using ReliableMq.Handling;
using ReliableMq.Outbox;
using ReliableMq.TestSupport;

namespace ReliableMq.Tests.Outbox;

public sealed class MessageFactoryTests
{
    private static readonly OrderPlaced Order = new(Guid.Empty, 12.5m);

    [Fact]
    public void A_message_is_stored_with_all_that_its_publish_needs()
    {
        var message = Create(Order);

        message.Name.ShouldBe("orders.order-placed.v1");
        message.Exchange.ShouldBe("orders");
        message.RoutingKey.ShouldBe("orders.order-placed.v1");
        message.ContentType.ShouldBe("application/json");
        Encoding.UTF8.GetString(message.Body).ShouldBe("""{"orderId":"00000000-0000-0000-0000-000000000000","total":12.5}""");
        Guid.Parse(message.MessageId).Version.ShouldBe(7);
        message.Id.Version.ShouldBe(7);
        message.Id.ToString().ShouldBe(message.MessageId);
        message.Headers.ShouldBeNull();
        message.CorrelationId.ShouldBeNull();
        message.CausationId.ShouldBeNull();
        message.TraceParent.ShouldBeNull();
        message.DueAt.ShouldBeNull();
    }

    [Fact]
    public void What_the_options_say_is_stored()
    {
        var deliverAt = new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.FromHours(2));

        var message = Create(Order, new MessageOptions
        {
            MessageId = "order-7", CorrelationId = "c-1", DeliverAt = deliverAt, Headers = new Dictionary<string, string> { ["tenant"] = "ä" },
        });

        message.MessageId.ShouldBe("order-7");
        message.CorrelationId.ShouldBe("c-1");
        message.DueAt.ShouldBe(deliverAt);
        HeaderJson.Read(message.Headers!).ShouldBe(new Dictionary<string, object?> { ["tenant"] = "ä" });
    }

    [Fact]
    public void The_same_message_twice_is_two_rows() =>
        Create(Order, new MessageOptions { MessageId = "same" }).Id.ShouldNotBe(Create(Order, new MessageOptions { MessageId = "same" }).Id);

    [Fact]
    public async Task While_handling_it_goes_on_with_what_is_being_handled()
    {
        using var handling = new HandlingScope(null, null, null, "cause-1", "c-1", "Shop.Handlers.Handle");
        await handling.RunAsync(() =>
        {
            Create(Order).CausationId.ShouldBe("cause-1");
            Create(Order).CorrelationId.ShouldBe("c-1");
            Create(Order, new MessageOptions { CorrelationId = "own" }).CorrelationId.ShouldBe("own");
            return default;
        });
    }

    [Fact]
    public void The_trace_that_adds_it_goes_on()
    {
        using var activity = new Activity("placing").SetIdFormat(ActivityIdFormat.W3C).Start();

        Create(Order).TraceParent.ShouldBe(activity.Id);
    }

    [Fact]
    public void A_trace_of_another_format_is_not_stored()
    {
        using var activity = new Activity("placing").SetIdFormat(ActivityIdFormat.Hierarchical).Start();

        Create(Order).TraceParent.ShouldBeNull();
    }

    [Fact]
    public void A_type_that_is_no_message_is_refused() =>
        Refusal("not a message").ShouldBe("The type \"System.String\" is not a message. Mark it with [Message(\"domain.name.v1\")].");

    [Theory]
    [InlineData(63, true)]
    [InlineData(62, false)]
    public void A_body_may_have_as_many_bytes_as_allowed(int allowed, bool accepted)
    {
        if (accepted)
        {
            Create(Order, maxBytes: allowed).Body.Length.ShouldBe(63);
        }
        else
        {
            Refusal(Order, maxBytes: allowed).ShouldBe(
                "The message \"orders.order-placed.v1\" has 63 bytes, more than the 62 allowed. Send a reference to the data, or raise \"ReliableMq:Broker:MaxMessageBytes\" together with RabbitMQ's max_message_size.");
        }
    }

    [Fact]
    public void A_message_that_is_no_JSON_is_refused() =>
        Refusal(new Unserializable(typeof(string))).ShouldStartWith(
            "The message \"orders.unserializable.v1\" (\"ReliableMq.Tests.Outbox.MessageFactoryTests+Unserializable\") cannot be serialized to \"application/json\": Serialization and deserialization of 'System.Type' instances is not supported.");

    [Fact]
    public void A_message_that_contains_itself_is_refused()
    {
        var loop = new Loop();
        loop.Next = loop;

        Refusal(loop).ShouldStartWith("The message \"orders.loop.v1\" (\"ReliableMq.Tests.Outbox.MessageFactoryTests+Loop\") cannot be serialized to \"application/json\": A possible object cycle was detected.");
    }

    /// <summary>Ids that AMQP, PostgreSQL or a reader cannot keep.</summary>
    public static TheoryData<string> WrongIds { get; } = ["", "\0", "a\0b", new string('a', 256), new string('ä', 128), "half \ud83d"];

    [Theory]
    [MemberData(nameof(WrongIds), DisableDiscoveryEnumeration = true)]
    public void A_wrong_id_is_refused(string id)
    {
        Refusal(Order, new MessageOptions { MessageId = id }).ShouldBe(
            $"The MessageId \"{id}\" of the message \"orders.order-placed.v1\" is not valid. Use 1 to 255 bytes of UTF-8 without U+0000 and half surrogate pairs.");
        Refusal(Order, new MessageOptions { CorrelationId = id }).ShouldBe(
            $"The CorrelationId \"{id}\" of the message \"orders.order-placed.v1\" is not valid. Use 1 to 255 bytes of UTF-8 without U+0000 and half surrogate pairs.");
    }

    [Fact]
    public void An_id_that_receivers_would_not_take_is_refused()
    {
        Refusal(Order, new MessageOptions { MessageId = "a\uFFFD" }).ShouldBe(
            "The MessageId \"a\uFFFD\" of the message \"orders.order-placed.v1\" contains U+FFFD, which stands where bytes were no text, so that receivers cannot tell such ids apart. Give the text itself.");
        Create(Order, new MessageOptions { CorrelationId = "a\uFFFD" }).CorrelationId.ShouldBe("a\uFFFD", "it may come from a foreign message");
    }

    [Theory]
    [InlineData("a")]
    [InlineData(" ")]
    [InlineData("😀")]
    [InlineData("order/7 #1")]
    public void Every_other_id_is_accepted(string id) => Create(Order, new MessageOptions { MessageId = id }).MessageId.ShouldBe(id);

    [Fact]
    public void An_id_of_255_bytes_is_accepted() => Create(Order, new MessageOptions { MessageId = new string('a', 255) }).MessageId.Length.ShouldBe(255);

    [Theory]
    [InlineData("")]
    [InlineData("x-")]
    [InlineData("x-death")]
    [InlineData("X-Own")]
    [InlineData("CC")]
    [InlineData("BCC")]
    public void A_header_with_a_reserved_name_is_refused(string name) =>
        Refusal(Order, new MessageOptions { Headers = new Dictionary<string, string> { ["fine"] = "", [name] = "" } }).ShouldBe(
            $"The header \"{name}\" of the message \"orders.order-placed.v1\" is not valid. Use 1 to 255 bytes of UTF-8; \"CC\", \"BCC\" and names that start with \"x-\" belong to the broker and to ReliableMq.");

    [Fact]
    public void A_header_with_a_name_that_is_too_long_is_refused() =>
        Refusal(Order, new MessageOptions { Headers = new Dictionary<string, string> { [new string('h', 256)] = "" } }).ShouldContain("is not valid. Use 1 to 255 bytes of UTF-8");

    [Theory]
    [InlineData(16_384, 16_384, true)]
    [InlineData(16_384, 16_385, false)]
    public void All_headers_together_fit_a_frame(int first, int second, bool accepted)
    {
        // Each character has two bytes; the names are counted with their values.
        var headers = new Dictionary<string, string> { ["a"] = new string('ä', first - 1), ["bc"] = new string('ä', second - 1) + "d" };
        if (accepted)
        {
            HeaderJson.Read(Create(Order, new MessageOptions { Headers = headers }).Headers!).Count.ShouldBe(2);
        }
        else
        {
            Refusal(Order, new MessageOptions { Headers = headers }).ShouldBe(
                "The headers of the message \"orders.order-placed.v1\" have 65538 bytes, more than the 65536 allowed. Put large values into the message.");
        }
    }

    [Fact]
    public void Everything_said_about_a_message_is_kept()
    {
        var message = Create(Order, new MessageOptions { OrderingKey = "order/7", Priority = 9, DeliverAfter = TimeSpan.FromMinutes(5), ExpiresAfter = TimeSpan.FromHours(1) });

        (message.OrderingKey, message.Priority, message.Delay, message.Expiration).ShouldBe(("order/7", (byte)9, TimeSpan.FromMinutes(5), TimeSpan.FromHours(1)));
        message.IsScheduled.ShouldBeTrue();
        message.HasOptions.ShouldBeTrue();
        Create(Order, new MessageOptions { MessageId = "m", CorrelationId = "c", DeliverAt = DateTimeOffset.MinValue }).HasOptions.ShouldBeFalse("the short INSERT does");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0")]
    public void An_ordering_key_that_is_no_text_is_refused(string key) =>
        Refusal(Order, new MessageOptions { OrderingKey = key }).ShouldBe(
            $"The OrderingKey \"{key}\" of the message \"orders.order-placed.v1\" is not valid. Use 1 to 255 bytes of UTF-8 without U+0000 and half surrogate pairs.");

    [Fact]
    public void A_time_and_a_delay_contradict_each_other() =>
        Refusal(Order, new MessageOptions { DeliverAt = DateTimeOffset.MinValue, DeliverAfter = TimeSpan.Zero }).ShouldBe(
            "The message \"orders.order-placed.v1\" has both DeliverAt and DeliverAfter. Give one of them.");

    [Fact]
    public void Times_that_make_no_sense_are_refused()
    {
        Refusal(Order, new MessageOptions { DeliverAfter = TimeSpan.FromTicks(-1) }).ShouldBe(
            "DeliverAfter \"-00:00:00.0000001\" of the message \"orders.order-placed.v1\" is not valid. Use 00:00:00 to 3660.00:00:00, about ten years.");
        Refusal(Order, new MessageOptions { DeliverAfter = TimeSpan.FromDays(3661) }).ShouldContain("is not valid. Use 00:00:00 to 3660.00:00:00");
        Refusal(Order, new MessageOptions { ExpiresAfter = TimeSpan.Zero }).ShouldBe(
            "ExpiresAfter \"00:00:00\" of the message \"orders.order-placed.v1\" is not valid. Use 00:00:00.0010000 to 3660.00:00:00, about ten years.");
        Create(Order, new MessageOptions { DeliverAfter = TimeSpan.Zero, ExpiresAfter = TimeSpan.FromDays(3660) }).Delay.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void A_time_more_than_ten_years_ahead_is_a_mistake()
    {
        var now = new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

        Create(Order, new MessageOptions { DeliverAt = now.AddDays(3660) }).DueAt.ShouldBe(now.AddDays(3660));
        Create(Order, new MessageOptions { DeliverAt = DateTimeOffset.MinValue }).DueAt.ShouldBe(DateTimeOffset.MinValue, "at once");
        Refusal(Order, new MessageOptions { DeliverAt = now.AddDays(3660).AddSeconds(1) }).ShouldBe(
            "DeliverAt \"2035-01-09T00:00:01.0000000+00:00\" of the message \"orders.order-placed.v1\" is more than ten years ahead. Give an earlier time.");
        Refusal(Order, new MessageOptions { DeliverAt = DateTimeOffset.MaxValue }).ShouldContain("is more than ten years ahead");
    }

    [Theory]
    [InlineData("x")]
    [InlineData("xyz")]
    [InlineData("tenant")]
    [InlineData("$bytes")]
    public void Every_other_header_is_accepted(string name)
    {
        var message = Create(Order, new MessageOptions { Headers = new Dictionary<string, string> { [name] = "value\0" } });

        HeaderJson.Read(message.Headers!).ShouldBe(new Dictionary<string, object?> { [name] = "value\0" });
    }

    private static OutboxMessage Create(object message, MessageOptions? options = null, int maxBytes = 1_000) =>
        new MessageFactory(new ReliableMqOptions { Broker = { MaxMessageBytes = maxBytes } }, new NamesInUse([], TopologyNaming.Domain), Some.Serializer(), new ManualTimeProvider()).Create(message, options);

    private static string Refusal(object message, MessageOptions? options = null, int maxBytes = 1_000) =>
        Should.Throw<ReliableMqException>(() => Create(message, options, maxBytes)).Message;

    [Message("orders.unserializable.v1")]
    private sealed record Unserializable(Type Type);

    [Message("orders.loop.v1")]
    private sealed class Loop
    {
        public Loop? Next { get; set; }
    }
}
