using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Dispatching;

namespace ReliableMq.Tests.Dispatching;

public sealed class PublishingTests
{
    [Fact]
    public void A_message_leaves_persistent_with_its_id_name_and_time()
    {
        var properties = Publishing.PropertiesOf(Some.Row(correlationId: "c-1"), "orders");

        properties.MessageId.ShouldBe("m-1");
        properties.Type.ShouldBe("orders.order-placed.v1");
        properties.ContentType.ShouldBe("application/json");
        properties.CorrelationId.ShouldBe("c-1");
        properties.AppId.ShouldBe("orders");
        properties.DeliveryMode.ShouldBe(DeliveryModes.Persistent);
        properties.Timestamp.UnixTime.ShouldBe(1_735_787_045);
    }

    [Fact]
    public void What_is_not_known_is_not_sent()
    {
        var properties = Publishing.PropertiesOf(Some.Row(), service: null);

        properties.IsCorrelationIdPresent().ShouldBeFalse();
        properties.IsAppIdPresent().ShouldBeFalse();
        properties.Headers.ShouldBe(new Dictionary<string, object?> { ["x-reliable-mq-sent-at"] = 1_735_787_045_678L });
    }

    [Fact]
    public void Headers_are_the_senders_and_the_librarys_own()
    {
        var stored = HeaderJson.Write([KeyValuePair.Create<string, object?>("own", "ä"), KeyValuePair.Create<string, object?>("number", 7)]);

        var properties = Publishing.PropertiesOf(Some.Row(headers: stored, causationId: "cause"), "orders");

        properties.Headers.ShouldBe(
            new Dictionary<string, object?>
            {
                ["own"] = "ä",
                ["number"] = 7,
                ["x-reliable-mq-sent-at"] = 1_735_787_045_678L,
                ["x-reliable-mq-causation-id"] = "cause",
            },
            ignoreOrder: true);
    }

    [Theory]
    [InlineData(60_000, 60_000)]
    [InlineData(-60_000, 0)]
    public void A_scheduled_message_is_first_sent_when_it_is_due(int due, int sent)
    {
        var row = Some.Row();

        Publishing.PropertiesOf(row with { DueAt = row.CreatedAt.AddMilliseconds(due) }, "orders").Headers!["x-reliable-mq-sent-at"]
            .ShouldBe(row.CreatedAt.ToUnixTimeMilliseconds() + sent);
    }

    [Fact]
    public void A_copy_keeps_the_time_of_its_first_sending()
    {
        var stored = HeaderJson.Write([KeyValuePair.Create<string, object?>("x-reliable-mq-sent-at", 5L)]);

        Publishing.PropertiesOf(Some.Row(headers: stored), "billing").Headers!["x-reliable-mq-sent-at"].ShouldBe(5L);
    }
}
