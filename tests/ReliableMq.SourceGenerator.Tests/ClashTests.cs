namespace ReliableMq.SourceGenerator.Tests;

public sealed class ClashTests
{
    [Fact, Trait(Refusal.Trait, "RMQ040")]
    public void Two_handlers_for_one_queue_and_message_are_both_refused() => Refusal.Expect(
        """
        public sealed class First
        {
            [MessageHandler("billing")]
            public void [|Handle|](OrderPlaced message) { }
        }

        public sealed class Second
        {
            [MessageHandler("billing")]
            public void [|Handle|](OrderPlaced message, MessageContext context) { }
        }
        """,
        "Handler method 'Shop.First.Handle' handles 'orders.order-placed.v1' from queue 'billing', and so does 'Shop.Second.Handle'; keep one, or give each a queue of its own",
        "Handler method 'Shop.Second.Handle' handles 'orders.order-placed.v1' from queue 'billing', and so does 'Shop.First.Handle'; keep one, or give each a queue of its own");

    [Fact, Trait(Refusal.Trait, "RMQ041")]
    public void Two_types_with_one_name_in_one_queue_are_both_refused() => Refusal.Expect(
        """
        [Message("orders.order-placed.v1")]
        public sealed record OwnOrderPlaced(Guid OrderId);

        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void [|Handle|](OrderPlaced message) { }

            [MessageHandler("billing")]
            public void [|Own|](OwnOrderPlaced message) { }
        }
        """,
        "Handler method 'Shop.Handlers.Handle' reads 'orders.order-placed.v1' from queue 'billing' as 'Shop.OrderPlaced', but 'Shop.Handlers.Own' reads it as 'Shop.OwnOrderPlaced'; use one type for each message name in a queue",
        "Handler method 'Shop.Handlers.Own' reads 'orders.order-placed.v1' from queue 'billing' as 'Shop.OwnOrderPlaced', but 'Shop.Handlers.Handle' reads it as 'Shop.OrderPlaced'; use one type for each message name in a queue");

    [Theory, Trait(Refusal.Trait, "RMQ042")]
    [InlineData("Retry", "\"1s\"", "\"2s\"")]
    [InlineData("RetryFor", "\"1h\"", "\"2h\"")]
    [InlineData("ImmediateRetries", "0", "1")]
    [InlineData("DelayedRetry", "\"1s..2s\"", "\"1s..3s\"")]
    [InlineData("Timeout", "\"1s\"", "\"2s\"")]
    [InlineData("Concurrency", "1", "2")]
    [InlineData("Prefetch", "1", "2")]
    [InlineData("Inbox", "typeof(NoInbox)", "typeof(NpgsqlDataSource)")]
    [InlineData("Order", "QueueOrder.OneAtATime", "QueueOrder.ByKey")]
    public void Handlers_that_disagree_about_their_queue_are_both_refused(string setting, string one, string two) => Refusal.Expect(
        $$"""
        public sealed class Handlers
        {
            [MessageHandler("billing", {{setting}} = {{one}})]
            public void [|Placed|](OrderPlaced message) { }

            [MessageHandler("billing", {{setting}} = {{two}})]
            public void [|Shipped|](OrderShipped message) { }
        }
        """,
        $"Handler method 'Shop.Handlers.Placed' sets {setting} of queue 'billing' to '{Shown(one)}', but 'Shop.Handlers.Shipped' sets it to '{Shown(two)}'; all handlers of a queue share its settings, so give it once or the same each time",
        $"Handler method 'Shop.Handlers.Shipped' sets {setting} of queue 'billing' to '{Shown(two)}', but 'Shop.Handlers.Placed' sets it to '{Shown(one)}'; all handlers of a queue share its settings, so give it once or the same each time");

    [Theory, Trait(Refusal.Trait, "RMQ042")]
    [InlineData("BatchSize", "1", "2")]
    [InlineData("Linger", "\"1s\"", "\"2s\"")]
    public void Batch_handlers_that_disagree_about_their_queue_are_both_refused(string setting, string one, string two) => Refusal.Expect(
        $$"""
        public sealed class Handlers
        {
            [MessageHandler("billing", {{setting}} = {{one}})]
            public void [|Placed|](IReadOnlyList<OrderPlaced> messages) { }

            [MessageHandler("billing", {{setting}} = {{two}})]
            public void [|Shipped|](IReadOnlyList<OrderShipped> messages) { }
        }
        """,
        $"Handler method 'Shop.Handlers.Placed' sets {setting} of queue 'billing' to '{Shown(one)}', but 'Shop.Handlers.Shipped' sets it to '{Shown(two)}'; all handlers of a queue share its settings, so give it once or the same each time",
        $"Handler method 'Shop.Handlers.Shipped' sets {setting} of queue 'billing' to '{Shown(two)}', but 'Shop.Handlers.Placed' sets it to '{Shown(one)}'; all handlers of a queue share its settings, so give it once or the same each time");

    [Theory, Trait(Refusal.Trait, "RMQ043")]
    [InlineData("Aliases = [\"orders.order-shipped.v1\"]", "orders.order-shipped.v1")]
    [InlineData("Aliases = [\"orders.sent.v1\"]", "orders.sent.v1")]
    public void An_alias_that_another_handler_of_the_queue_takes_is_refused(string aliases, string shared) => Refusal.Expect(
        $$"""
        [Message("orders.order-left.v1", {{aliases}})]
        public sealed record OrderLeft(Guid OrderId);

        [Message("orders.order-shipped.v1", Aliases = ["orders.sent.v1"])]
        public sealed record OrderSent(Guid OrderId);

        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void [|Left|](OrderLeft message) { }

            [MessageHandler("billing")]
            public void [|Sent|](OrderSent message) { }
        }
        """,
        $"Handler method 'Shop.Handlers.Left' takes '{shared}' from queue 'billing' as a name of 'Shop.OrderLeft', but 'Shop.Handlers.Sent' takes it as a name of 'Shop.OrderSent'; remove the alias, or give each handler a queue of its own",
        $"Handler method 'Shop.Handlers.Sent' takes '{shared}' from queue 'billing' as a name of 'Shop.OrderSent', but 'Shop.Handlers.Left' takes it as a name of 'Shop.OrderLeft'; remove the alias, or give each handler a queue of its own");

    private static string Shown(string value) => value switch
    {
        "typeof(NoInbox)" => "ReliableMq.NoInbox",
        "typeof(NpgsqlDataSource)" => "Npgsql.NpgsqlDataSource",
        _ => value.Trim('"').Replace("QueueOrder.", ""),
    };

    [Fact]
    public void What_does_not_clash_is_accepted() => Compiler.Generate(
        """
        [Message("orders.order-placed.v1")]
        public sealed record OwnOrderPlaced(Guid OrderId);

        public sealed class Handlers
        {
            [MessageHandler("billing", Retry = "1s", Concurrency = 4)]
            public void Placed(OrderPlaced message) { }

            [MessageHandler("billing", Retry = "1s", Prefetch = 40)]
            public void Shipped(OrderShipped message) { }

            [MessageHandler("Billing", Retry = "2s")]
            public void OtherQueue(OrderPlaced message) { }

            [MessageHandler("audit")]
            public void OtherType(OwnOrderPlaced message) { }
        }
        """).ShouldBeClean();

    [Fact]
    public void A_handler_that_is_refused_does_not_clash() => Compiler.Generate(
        """
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(OrderPlaced message) { }

            [MessageHandler("billing")]
            public int Wrong(OrderPlaced message) => 0;
        }
        """).Diagnostics.ShouldHaveSingleItem().Id.ShouldBe("RMQ013");
}
