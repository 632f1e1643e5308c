using ReliableMq.Broker.Naming;
using ReliableMq.Broker.Topology;
using ReliableMq.Failing;
using ReliableMq.Handling;
using ReliableMq.Receiving;

namespace ReliableMq.Tests.Broker.Naming;

public sealed class NamingTests
{
    private const string Reserved = "sale.stock-reserved.v1";

    private readonly NamesInUse _domain = new([], TopologyNaming.Domain);
    private readonly NamesInUse _sourceToTarget = new([], TopologyNaming.SourceToTarget);

    [Fact]
    public void By_domain_a_message_goes_to_the_exchange_of_its_first_part_whatever_its_target()
    {
        _domain.ExchangeOf("orders.order-placed.v1", null).ShouldBe("orders");
        _domain.ExchangeOf("orders.order-placed.v1", "billing").ShouldBe("orders");
    }

    [Fact]
    public void By_domain_a_queue_may_have_any_name_and_its_dead_letter_queue_is_named_after_it()
    {
        _domain.ExpectedQueue("anything", Reserved, "product").ShouldBeNull();
        _domain.DeadLetterQueueOf("billing.order-placed").ShouldBe("billing.order-placed.dead");
    }

    [Theory]
    [InlineData(Reserved, "product", "SALE_TO_PRODUCT_EXCHANGE")]
    [InlineData(Reserved, null, "SALE_EXCHANGE")]
    [InlineData("point-of-sale.opened", "stock-room_2", "POINT_OF_SALE_TO_STOCK_ROOM_2_EXCHANGE")]
    public void By_source_and_target_the_exchange_names_both(string message, string? target, string exchange) =>
        _sourceToTarget.ExchangeOf(message, target).ShouldBe(exchange);

    [Fact]
    public void By_source_and_target_the_dead_letter_queue_ends_with_DEAD() =>
        _sourceToTarget.DeadLetterQueueOf("SALE_TO_PRODUCT_QUEUE").ShouldBe("SALE_TO_PRODUCT_QUEUE_DEAD");

    [Theory]
    [InlineData("SALE_TO_PRODUCT_QUEUE", "product", null)]
    [InlineData("SALE_TO_STOCK_QUEUE", "product", "SALE_TO_PRODUCT_QUEUE")]
    [InlineData("sale_to_product_queue", "product", "SALE_TO_PRODUCT_QUEUE")]
    [InlineData("SALE_TO_ANYBODY_2_QUEUE", null, null)]
    [InlineData("SALE_TO__QUEUE", null, "SALE_TO_<RECEIVER>_QUEUE")]
    [InlineData("SALE_TO_QUEUE", null, "SALE_TO_<RECEIVER>_QUEUE")]
    [InlineData("SALE_TO_Stock_QUEUE", null, "SALE_TO_<RECEIVER>_QUEUE")]
    [InlineData("OTHER_TO_STOCK_QUEUE", null, "SALE_TO_<RECEIVER>_QUEUE")]
    [InlineData("SALE_TO_STOCK", null, "SALE_TO_<RECEIVER>_QUEUE")]
    public void By_source_and_target_the_queue_names_both(string queue, string? target, string? expected) =>
        _sourceToTarget.ExpectedQueue(queue, Reserved, target).ShouldBe(expected);

    [Fact]
    public void The_longest_names_fit_what_RabbitMQ_allows()
    {
        var message = new string('a', MessageNames.MaxLength - 2) + ".b";
        var target = new string('t', MessageNames.MaxTargetLength);

        _sourceToTarget.ExchangeOf(message, target).Length.ShouldBeLessThanOrEqualTo(MessageNames.MaxShortStringBytes);
        _sourceToTarget.DeadLetterQueueOf(_sourceToTarget.ExpectedQueue("", message, target)!).Length.ShouldBeLessThanOrEqualTo(MessageNames.MaxShortStringBytes);
    }

    [Fact]
    public void A_queue_is_bound_to_the_exchange_of_each_of_its_messages()
    {
        var topology = _sourceToTarget.TopologyOf(
            new QueueSettings("SALE_TO_PRODUCT_QUEUE", new RetryPolicy([]), 1, 1, default),
            [.. new[] { Handler(typeof(StockReserved), Reserved), Handler(typeof(Announced), "sale.announced.v1") }.SelectMany(handler => MessageReading.Of(handler, []))]);

        topology.DeadLetterQueue.ShouldBe("SALE_TO_PRODUCT_QUEUE_DEAD");
        topology.Bindings.ShouldBe([new Binding("SALE_TO_PRODUCT_EXCHANGE", Reserved), new Binding("SALE_EXCHANGE", "sale.announced.v1")]);
    }

    [Fact]
    public void The_users_own_policy_wins_and_the_last_of_several_counts()
    {
        var names = new NamesInUse([new Fixed("first", "x"), new Fixed("mine", "mine-dead")], TopologyNaming.SourceToTarget);

        names.ExchangeOf(Reserved, "product").ShouldBe("mine");
        names.DeadLetterQueueOf("q").ShouldBe("mine-dead");
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    public void An_answer_that_is_no_name_is_refused(string? answer)
    {
        var names = new NamesInUse([new Fixed(answer!, answer!)], TopologyNaming.Domain);

        Should.Throw<ReliableMqException>(() => names.ExchangeOf(Reserved, null)).Message.ShouldBe(
            "The exchange of the message \"sale.stock-reserved.v1\" would be called \"\" by the naming policy \"Fixed\", but names have 1 to 255 bytes of UTF-8. Shorten the name, or correct the policy.");
        Should.Throw<ReliableMqException>(() => names.DeadLetterQueueOf("q")).Message.ShouldBe(
            "The dead-letter queue of \"q\" would be called \"\" by the naming policy \"Fixed\", but names have 1 to 255 bytes of UTF-8. Shorten the name, or correct the policy.");
    }

    [Theory]
    [InlineData(typeof(Announced), null)]
    [InlineData(typeof(StockReserved), "product")]
    public void A_target_is_what_the_message_says(Type type, string? target) => MessageNames.TargetOf(type).ShouldBe(target);

    [Theory]
    [InlineData(typeof(Upper), "Product")]
    [InlineData(typeof(Empty), "")]
    [InlineData(typeof(Dotted), "a.b")]
    [InlineData(typeof(Long), "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddde")]
    public void A_wrong_target_is_told(Type type, string target) =>
        Should.Throw<ReliableMqException>(() => MessageNames.TargetOf(type)).Message.ShouldBe(
            $"The target \"{target}\" of the message \"{type.FullName}\" is not valid. Use 1 to 40 lower-case letters, digits, '-' and '_', like \"product\", or leave it out.");

    private static HandlerDefinition Handler(Type type, string message) => new()
    {
        Queue = "SALE_TO_PRODUCT_QUEUE", MessageName = message, MessageType = type, HandlerName = "H", Invoke = (_, _, _) => ValueTask.CompletedTask,
    };

    private sealed class Fixed(string exchange, string deadLetterQueue) : INamingPolicy
    {
        public string ExchangeOf(string messageName, string? target) => exchange;

        public string DeadLetterQueueOf(string queue) => deadLetterQueue;
    }

    [Message(Reserved, Target = "product")]
    private sealed record StockReserved;

    [Message("sale.announced.v1")]
    private sealed record Announced;

    [Message("sale.a", Target = "Product")]
    private sealed record Upper;

    [Message("sale.a", Target = "")]
    private sealed record Empty;

    [Message("sale.a", Target = "a.b")]
    private sealed record Dotted;

    [Message("sale.a", Target = "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddde")]
    private sealed record Long;
}
