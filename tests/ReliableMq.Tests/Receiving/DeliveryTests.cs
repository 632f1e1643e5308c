using System.Text;
using RabbitMQ.Client;
using ReliableMq.Receiving;
using ReliableMq.TestSupport;

namespace ReliableMq.Tests.Receiving;

public sealed class DeliveryTests
{
    [Fact]
    public void A_copy_sent_to_the_queue_directly_still_says_where_it_came_from()
    {
        var headers = new Dictionary<string, object?> { ["x-reliable-mq-exchange"] = Utf8("legacy"), ["x-reliable-mq-routing-key"] = Utf8("invoice.created") };
        var copy = Delivery.From("billing", 7, redelivered: false, "", "billing", new BasicProperties { Headers = headers }, default, TimeProvider.System);

        (copy.Exchange, copy.RoutingKey, copy.Name).ShouldBe(("legacy", "invoice.created", "invoice.created"));
    }

    [Fact]
    public void What_an_exchange_routed_came_from_there_whatever_its_headers_say()
    {
        var headers = new Dictionary<string, object?> { ["x-reliable-mq-exchange"] = Utf8("legacy"), ["x-reliable-mq-routing-key"] = Utf8("invoice.created") };

        Delivery.From("billing", 7, redelivered: false, "orders", "key", new BasicProperties { Headers = headers }, default, TimeProvider.System).Exchange.ShouldBe("orders");
    }

    [Fact]
    public void Takes_over_what_the_sender_said()
    {
        var time = new ManualTimeProvider();
        time.Advance(TimeSpan.FromSeconds(5));
        var body = new byte[] { 1, 2, 3 };
        var properties = new BasicProperties
        {
            MessageId = "m-1",
            Type = "orders.order-placed.v1",
            ContentType = "application/json",
            CorrelationId = "c-1",
            Headers = new Dictionary<string, object?>
            {
                ["x-reliable-mq-epoch"] = 2,
                ["x-reliable-mq-sent-at"] = 1_735_787_045_678L,
                ["x-reliable-mq-causation-id"] = Utf8("cause"),
                ["traceparent"] = Utf8("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
                ["own"] = Utf8("ä"),
            },
        };

        var delivery = Delivery.From("billing", 7, redelivered: true, "orders", "key", properties, body, time);
        body[0] = 9;

        delivery.Queue.ShouldBe("billing");
        delivery.Tag.ShouldBe(7UL);
        delivery.Redelivered.ShouldBeTrue();
        delivery.Exchange.ShouldBe("orders");
        delivery.RoutingKey.ShouldBe("key");
        delivery.MessageId.ShouldBe("m-1");
        delivery.Name.ShouldBe("orders.order-placed.v1");
        delivery.ContentType.ShouldBe("application/json");
        delivery.CorrelationId.ShouldBe("c-1");
        delivery.Body.ShouldBe([1, 2, 3], "the client reuses its buffer");
        delivery.Epoch.ShouldBe(2);
        delivery.SentAt.ShouldBe(new DateTimeOffset(2025, 1, 2, 3, 4, 5, 678, TimeSpan.Zero));
        delivery.CausationId.ShouldBe("cause");
        delivery.TraceParent.ShouldBe("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        delivery.Headers["own"].ShouldBe("ä");
        delivery.ReceivedAt.ShouldBe(time.GetUtcNow());
        delivery.ReceivedTimestamp.ShouldBe(time.GetTimestamp());
        delivery.ToString().ShouldBe("\"orders.order-placed.v1\" m-1 from \"billing\"");
    }

    [Fact]
    public void Takes_a_message_without_any_properties()
    {
        var delivery = Some.Delivery(new BasicProperties(), routingKey: "orders.legacy");

        delivery.MessageId.ShouldBeNull();
        delivery.Name.ShouldBe("orders.legacy", "foreign senders give no type");
        delivery.ContentType.ShouldBeNull();
        delivery.CorrelationId.ShouldBeNull();
        delivery.CausationId.ShouldBeNull();
        delivery.TraceParent.ShouldBeNull();
        delivery.SentAt.ShouldBeNull();
        delivery.Epoch.ShouldBe(0);
        delivery.Headers.ShouldBeEmpty();
        delivery.ToString().ShouldBe("\"orders.legacy\" (no id) from \"billing\"");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\0")]
    [InlineData("m\0-1")]
    [InlineData("m\uFFFD1")]
    public void An_id_that_cannot_tell_messages_apart_is_none(string messageId) =>
        // U+FFFD stands where the client met bytes that are no text: other bytes would give the same id.
        Some.Delivery(new BasicProperties { MessageId = messageId }).MessageId.ShouldBeNull();

    [Fact]
    public void Text_that_no_database_can_keep_is_cleaned()
    {
        var properties = new BasicProperties { Type = "a\0b", ContentType = "c\0", CorrelationId = "\0d" };
        var headers = properties.Headers = new Dictionary<string, object?>();
        headers["x-reliable-mq-causation-id"] = Utf8("e\0");
        headers["traceparent"] = "f\0";

        var delivery = Some.Delivery(properties);

        delivery.Name.ShouldBe("a\uFFFDb");
        delivery.ContentType.ShouldBe("c\uFFFD");
        delivery.CorrelationId.ShouldBe("\uFFFDd");
        delivery.CausationId.ShouldBe("e\uFFFD");
        delivery.TraceParent.ShouldBe("f\uFFFD");
    }

    [Fact]
    public void Text_in_tables_and_arrays_is_text_too()
    {
        var death = new Dictionary<string, object?> { ["reason"] = Utf8("rejected"), ["keys"] = new List<object?> { Utf8("a"), 1L, null } };

        var read = Some.DeliveryWith("x-death", new List<object?> { death }).Headers["x-death"];

        var table = read.ShouldBeOfType<List<object?>>().ShouldHaveSingleItem().ShouldBeOfType<Dictionary<string, object?>>();
        table["reason"].ShouldBe("rejected");
        table["keys"].ShouldBeOfType<List<object?>>().ShouldBe(["a", 1L, null]);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(int.MaxValue, int.MaxValue)]
    [InlineData(5L, 5)]
    [InlineData((long)int.MaxValue, int.MaxValue)]
    [InlineData(-1, 0)]
    [InlineData(-1L, 0)]
    [InlineData((long)int.MaxValue + 1, 0)]
    [InlineData(long.MinValue, 0)]
    [InlineData(1.5, 0)]
    [InlineData(true, 0)]
    [InlineData("3", 0)]
    public void An_epoch_that_is_no_number_from_zero_is_zero(object value, int epoch) =>
        Some.DeliveryWith("x-reliable-mq-epoch", value).Epoch.ShouldBe(epoch);

    [Theory]
    [InlineData(0L, true)]
    [InlineData(253_402_300_799_999L, true)]
    [InlineData(253_402_300_800_000L, false)]
    [InlineData(-1L, false)]
    [InlineData(long.MinValue, false)]
    [InlineData(long.MaxValue, false)]
    [InlineData(5, false)]
    [InlineData("5", false)]
    public void A_time_of_sending_outside_the_calendar_is_none(object value, bool known) =>
        Some.DeliveryWith("x-reliable-mq-sent-at", value).SentAt.HasValue.ShouldBe(known);

    [Theory]
    [InlineData(1L, true)]
    [InlineData(253_402_300_799L, true)]
    [InlineData(253_402_300_800L, false)]
    [InlineData(0L, false)]
    [InlineData(-1L, false)]
    [InlineData(long.MinValue, false)]
    [InlineData(long.MaxValue, false)]
    public void A_timestamp_that_can_be_one_tells_when_a_foreign_message_was_first_sent(long seconds, bool known) =>
        Some.Delivery(new BasicProperties { Timestamp = new AmqpTimestamp(seconds) }).FirstSentAt
            .ShouldBe(known ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null);

    [Fact]
    public void The_header_of_a_sender_of_ours_says_it_better_than_the_timestamp() =>
        Some.Delivery(new BasicProperties { Timestamp = new AmqpTimestamp(5), Headers = new Dictionary<string, object?> { ["x-reliable-mq-sent-at"] = 1_000L } })
            .FirstSentAt.ShouldBe(DateTimeOffset.FromUnixTimeSeconds(1));

    [Theory]
    [InlineData(3, 3)]
    [InlineData(3L, 3)]
    [InlineData(0, 1)]
    [InlineData(-1, 1)]
    [InlineData(long.MaxValue, 1)]
    [InlineData("3", 1)]
    public void An_attempt_that_is_no_number_from_one_is_the_first(object value, int attempt) =>
        Some.DeliveryWith("x-reliable-mq-attempt", value).Attempt.ShouldBe(attempt);

    [Fact]
    public void Its_fingerprint_is_half_the_SHA_256_of_its_body() =>
        // Of the bytes 1, 2, 3.
        Some.Delivery().Fingerprint.ShouldBe(Guid.Parse("039058c6-f2c0-cb49-2c53-3b0a4d14ef77"));

    /// <summary>What any other client might put into a header.</summary>
    public static TheoryData<object> Hostile { get; } =
    [
        sbyte.MinValue, ushort.MaxValue, uint.MaxValue, ulong.MaxValue, float.NaN, double.PositiveInfinity, decimal.MaxValue, true, "", "\0", "\ud800",
        new AmqpTimestamp(long.MaxValue), new BinaryTableValue([0xFF]), Array.Empty<byte>(), new byte[] { 0xFF, 0xFE }, new byte[] { 0 }, new byte[1_000_000],
        new List<object?> { null, new List<object?>() }, new Dictionary<string, object?> { [""] = null, ["\0"] = new byte[] { 0xC3 } },
        Deep(100_000), new object(),
    ];

    [Theory]
    [MemberData(nameof(Hostile), DisableDiscoveryEnumeration = true)]
    public void No_header_makes_reading_throw(object value)
    {
        foreach (var name in new[] { "x-reliable-mq-epoch", "x-reliable-mq-sent-at", "x-reliable-mq-causation-id", "x-reliable-mq-publish", "traceparent", "x-death", "", "\0" })
        {
            var delivery = Some.DeliveryWith(name, value);

            delivery.Epoch.ShouldBe(0);
            delivery.SentAt.ShouldBeNull();
            (delivery.CausationId ?? "").ShouldNotContain('\0');
            (delivery.TraceParent ?? "").ShouldNotContain('\0');
            delivery.ToString().ShouldNotBeEmpty();
        }
    }

    [Fact]
    public void No_property_makes_reading_throw()
    {
        var huge = new string('\0', 100_000);

        var delivery = Some.Delivery(
            new BasicProperties { MessageId = huge, Type = huge, ContentType = huge, CorrelationId = huge, Headers = new Dictionary<string, object?>() },
            routingKey: huge);

        delivery.ToString().ShouldNotBeEmpty();
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static List<object?> Deep(int levels)
    {
        var list = new List<object?>();
        for (; levels > 0; levels--)
        {
            list = [list];
        }

        return list;
    }
}
