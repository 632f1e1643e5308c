using ReliableMq.DeadLettering;

namespace ReliableMq.Tests.DeadLettering;

public sealed class BrokerDeathTests
{
    [Fact]
    public void The_death_in_the_queue_itself_counts_of_several()
    {
        var death = BrokerDeath.Of(Some.DeliveryWith("x-death", new List<object?> { Death("elsewhere", "maxlen", "other", "other.key"), Death("billing", "expired", "orders", "orders.order-placed.v1") }), "billing");

        death.ShouldBe(new BrokerDeath("expired", "orders", "orders.order-placed.v1"));
    }

    public static TheoryData<object?> Strange { get; } = new TheoryData<object?>
    {
        null!, "text", 1, new List<object?>(), new List<object?> { "text", null }, new List<object?> { new Dictionary<string, object?>() },
        new List<object?> { new Dictionary<string, object?> { ["reason"] = 1, ["queue"] = new List<object?>(), ["exchange"] = new byte[1], ["routing-keys"] = "text" } },
        new List<object?> { new Dictionary<string, object?> { ["reason"] = "made up\0", ["routing-keys"] = new List<object?> { 1 } } },
    };

    [Theory]
    [MemberData(nameof(Strange))]
    public void What_others_wrote_there_is_not_believed(object? header)
    {
        var delivery = Some.DeliveryWith("x-death", header);

        var death = BrokerDeath.Of(delivery, "billing");

        death.Reason.ShouldBe("unknown reason");
        death.Restore(delivery).ShouldBeSameAs(delivery);
    }

    private static Dictionary<string, object?> Death(string queue, string reason, string exchange, string routingKey) => new()
    {
        ["count"] = 1L, ["exchange"] = exchange, ["queue"] = queue, ["reason"] = reason, ["routing-keys"] = new List<object?> { routingKey },
    };
}
