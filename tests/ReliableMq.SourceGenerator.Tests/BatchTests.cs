namespace ReliableMq.SourceGenerator.Tests;

public sealed class BatchTests
{
    [Theory, Trait(Refusal.Trait, "RMQ017")]
    [InlineData("OrderPlaced[]", "Shop.OrderPlaced[]")]
    [InlineData("List<OrderPlaced>", "System.Collections.Generic.List<Shop.OrderPlaced>")]
    [InlineData("IEnumerable<OrderPlaced>", "System.Collections.Generic.IEnumerable<Shop.OrderPlaced>")]
    [InlineData("IReadOnlyCollection<OrderPlaced>", "System.Collections.Generic.IReadOnlyCollection<Shop.OrderPlaced>")]
    [InlineData("System.Collections.Immutable.ImmutableArray<OrderPlaced>", "System.Collections.Immutable.ImmutableArray<Shop.OrderPlaced>")]
    public void Messages_come_in_no_other_collection(string type, string shown) => Refusal.Expect(
        $$"""
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle({{type}} [|messages|], IReadOnlyList<MessageContext> contexts) { }
        }
        """,
        $"The first parameter 'messages' of handler method 'Shop.Handlers.Handle' is a '{shown}'; use IReadOnlyList<Shop.OrderPlaced>, in which a batch handler gets its messages");

    [Theory, Trait(Refusal.Trait, "RMQ018")]
    [InlineData("MessageContext", "ReliableMq.MessageContext")]
    [InlineData("MessageContext[]", "ReliableMq.MessageContext[]")]
    [InlineData("IEnumerable<MessageContext>", "System.Collections.Generic.IEnumerable<ReliableMq.MessageContext>")]
    public void A_batch_has_a_list_of_contexts(string type, string shown) => Refusal.Expect(
        $$"""
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(IReadOnlyList<OrderPlaced> messages, {{type}} [|contexts|]) { }
        }
        """,
        $"Parameter 'contexts' of handler method 'Shop.Handlers.Handle' is a '{shown}', but the handler takes batches; ask for IReadOnlyList<MessageContext>");

    [Fact, Trait(Refusal.Trait, "RMQ018")]
    public void A_single_message_has_one_context() => Refusal.Expect(
        """
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(OrderPlaced message, IReadOnlyList<MessageContext> [|contexts|]) { }
        }
        """,
        "Parameter 'contexts' of handler method 'Shop.Handlers.Handle' is a 'System.Collections.Generic.IReadOnlyList<ReliableMq.MessageContext>', but the handler takes single messages; ask for MessageContext");

    [Fact, Trait(Refusal.Trait, "RMQ010")]
    public void A_second_list_of_messages_is_refused() => Refusal.Expect(
        """
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(IReadOnlyList<OrderPlaced> messages, IReadOnlyList<OrderShipped> [|more|]) { }
        }
        """,
        "Parameter 'more' of handler method 'Shop.Handlers.Handle' is a second message, a 'System.Collections.Generic.IReadOnlyList<Shop.OrderShipped>'; write one method for each message");

    [Fact]
    public void A_service_that_is_enumerable_is_a_service() => Compiler.Generate(
        """
        public interface IOrders : IEnumerable<OrderPlaced>;

        public interface IStore<T> : IEnumerable<T>;

        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(OrderPlaced message, IOrders orders, IStore<OrderPlaced> store, IEnumerable<IClock> clocks) { }
        }
        """).ShouldBeClean();

    [Theory, Trait(Refusal.Trait, "RMQ037")]
    [InlineData(-1)]
    [InlineData(1001)]
    public void A_batch_size_out_of_range_is_refused(int value) => Refusal.Expect(
        Batch($"BatchSize = [|{value}|]"),
        $"BatchSize '{value}' of handler method 'Shop.Handlers.Handle' is out of range; use 1 to 1000, or 0 for the default");

    [Theory, Trait(Refusal.Trait, "RMQ038")]
    [InlineData("", "has '', which is not a duration")]
    [InlineData("soon", "has 'soon', which is not a duration")]
    [InlineData("0s", "has '0s', which is out of range")]
    [InlineData("61s", "has '61s', which is out of range")]
    public void A_wrong_linger_is_refused(string text, string fault) => Refusal.Expect(
        Batch($"Linger = [|\"{text}\"|]"),
        $"Linger '{text}' of handler method 'Shop.Handlers.Handle' {fault}; write one duration from 1ms to 1m, such as '50ms', with the units ms, s and m");

    [Theory]
    [InlineData("BatchSize = 1, Linger = \"1ms\"")]
    [InlineData("BatchSize = 1000, Linger = \"1m\"")]
    [InlineData("BatchSize = 10, Prefetch = 10, Order = QueueOrder.None")]
    [InlineData("BatchSize = 0, Linger = null")]
    public void The_ends_of_the_ranges_are_accepted(string settings) => Compiler.Generate(Batch(settings)).ShouldBeClean();

    [Theory, Trait(Refusal.Trait, "RMQ039")]
    [InlineData("BatchSize", "10")]
    [InlineData("Linger", "\"1s\"")]
    public void A_setting_of_batches_says_nothing_to_a_single_message(string setting, string value) => Refusal.Expect(
        $$"""
        public sealed class Handlers
        {
            [MessageHandler("billing", {{setting}} = [|{{value}}|])]
            public void Handle(OrderPlaced message) { }
        }
        """,
        $"Handler method 'Shop.Handlers.Handle' sets {setting}, but it takes single messages; remove it, or take an IReadOnlyList<Shop.OrderPlaced>");

    [Fact, Trait(Refusal.Trait, "RMQ044")]
    public void A_queue_has_batches_or_single_messages() => Refusal.Expect(
        """
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void [|Placed|](IReadOnlyList<OrderPlaced> messages) { }

            [MessageHandler("billing")]
            public void [|Shipped|](OrderShipped message) { }
        }
        """,
        "Handler method 'Shop.Handlers.Placed' takes batches from queue 'billing', but 'Shop.Handlers.Shipped' takes single messages; give each a queue of its own",
        "Handler method 'Shop.Handlers.Shipped' takes single messages from queue 'billing', but 'Shop.Handlers.Placed' takes batches; give each a queue of its own");

    [Theory, Trait(Refusal.Trait, "RMQ045")]
    [InlineData("OneAtATime")]
    [InlineData("ByKey")]
    public void Batches_have_no_order(string order) => Refusal.Expect(
        Batch($"Order = [|QueueOrder.{order}|]"),
        $"Handler method 'Shop.Handlers.Handle' takes batches, which have no order, but sets Order to '{order}'; remove it, or take single messages");

    [Theory, Trait(Refusal.Trait, "RMQ046")]
    [InlineData("BatchSize = 11, Prefetch = [|10|]", 11, 10)]
    [InlineData("Prefetch = [|99|]", 100, 99)]
    public void A_batch_fits_into_the_prefetch(string settings, int size, int prefetch) => Refusal.Expect(
        Batch(settings),
        $"Handler method 'Shop.Handlers.Handle' takes batches of {size}, more than its Prefetch of {prefetch}, so that no batch would ever be full; lower BatchSize, or raise Prefetch");

    private static string Batch(string settings) => $$"""
        public sealed class Handlers
        {
            [MessageHandler("billing", {{settings}})]
            public void Handle(IReadOnlyList<OrderPlaced> messages) { }
        }
        """;
}
