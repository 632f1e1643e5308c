using RabbitMQ.Client;
using ReliableMq.Handling;
using ReliableMq.Receiving;
using ReliableMq.TestSupport;

namespace ReliableMq.Tests.Handling;

public sealed class DerivedIdsTests
{
    [Fact]
    public void Look_the_same_for_ever() =>
        // Another id after an upgrade would be another message.
        Id().ShouldBe("derived-5178c69028a9ed6c957ff63c1bced682");

    [Fact]
    public void Are_the_same_for_another_delivery_of_a_message() => Id().ShouldBe(Id(redelivered: true));

    [Fact]
    public void Differ_where_the_source_or_the_body_differs() =>
        new[] { Id(), Id(exchange: "e2"), Id(routingKey: "r2"), Id(appId: "a"), Id(userId: "a"), Id(messageId: "a"), Id(exchange: "er", routingKey: ""), Id(body: 2) }
            .ShouldBeUnique();

    [Fact]
    public void Are_told_from_ids_of_senders()
    {
        var derived = DerivedIds.Give(Delivery());

        derived.HasDerivedId.ShouldBeTrue();
        Delivery(messageId: derived.MessageId).HasDerivedId.ShouldBeFalse();
    }

    private static string Id(string exchange = "e", string routingKey = "r", string? appId = null, string? userId = null, string? messageId = null, byte body = 1, bool redelivered = false) =>
        DerivedIds.Give(Delivery(exchange, routingKey, appId, userId, messageId, body, redelivered)).MessageId!;

    private static Delivery Delivery(string exchange = "e", string routingKey = "r", string? appId = null, string? userId = null, string? messageId = null, byte body = 1, bool redelivered = false) =>
        ReliableMq.Receiving.Delivery.From(
            "billing", 7, redelivered, exchange, routingKey, new BasicProperties { AppId = appId, UserId = userId, MessageId = messageId }, new[] { body }, new ManualTimeProvider());
}
