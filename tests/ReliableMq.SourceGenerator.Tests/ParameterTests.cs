namespace ReliableMq.SourceGenerator.Tests;

public sealed class ParameterTests
{
    [Fact, Trait(Refusal.Trait, "RMQ008")]
    public void A_handler_needs_a_message() => Refusal.Expect(
        """
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void [|Handle|]() { }
        }
        """,
        "Handler method 'Shop.Handlers.Handle' has no parameters; make the message its first parameter");

    [Theory, Trait(Refusal.Trait, "RMQ009")]
    [InlineData("MessageContext", "ReliableMq.MessageContext")]
    [InlineData("IClock", "Shop.IClock")]
    [InlineData("string", "string")]
    [InlineData("IReadOnlyList<IClock>", "System.Collections.Generic.IReadOnlyList<Shop.IClock>")]
    [InlineData("IClock[]", "Shop.IClock[]")]
    public void The_first_parameter_must_be_a_message(string type, string shown) => Refusal.Expect(
        $$"""
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle({{type}} [|first|]) { }
        }
        """,
        $"The first parameter 'first' of handler method 'Shop.Handlers.Handle' is a '{shown}', which is not a message; put the message first, or mark its class or struct with [Message]");

    [Fact, Trait(Refusal.Trait, "RMQ009")]
    public void A_class_derived_from_a_message_is_not_that_message() => Refusal.Expect(
        """
        [Message("orders.order.v1")]
        public class Order;

        public class RushOrder : Order;

        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(RushOrder [|message|]) { }
        }
        """,
        "The first parameter 'message' of handler method 'Shop.Handlers.Handle' is a 'Shop.RushOrder', which is not a message; put the message first, or mark its class or struct with [Message]");

    [Fact, Trait(Refusal.Trait, "RMQ010")]
    public void A_second_message_is_refused() => Refusal.Expect(
        """
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(OrderPlaced placed, MessageContext context, OrderShipped [|shipped|]) { }
        }
        """,
        "Parameter 'shipped' of handler method 'Shop.Handlers.Handle' is a second message, a 'Shop.OrderShipped'; write one method for each message");

    [Theory, Trait(Refusal.Trait, "RMQ011")]
    [InlineData("ref")]
    [InlineData("out")]
    [InlineData("in")]
    [InlineData("ref readonly")]
    public void A_parameter_passed_by_reference_is_refused(string modifier) => Refusal.Expect(
        $$"""
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle({{modifier}} OrderPlaced [|message|], {{modifier}} IClock [|clock|]) => throw new NotSupportedException();
        }
        """,
        $"Parameter 'message' of handler method 'Shop.Handlers.Handle' is passed by reference; remove '{modifier}'",
        $"Parameter 'clock' of handler method 'Shop.Handlers.Handle' is passed by reference; remove '{modifier}'");

    [Theory, Trait(Refusal.Trait, "RMQ014")]
    [InlineData("int", "int")]
    [InlineData("Guid", "System.Guid")]
    [InlineData("CancellationToken?", "System.Threading.CancellationToken?")]
    [InlineData("ReadOnlySpan<byte>", "System.ReadOnlySpan<byte>")]
    [InlineData("string", "string")]
    [InlineData("object", "object")]
    [InlineData("dynamic", "dynamic")]
    [InlineData("[FromKeyedServices(\"key\")] int", "int")]
    [InlineData("[FromKeyedServices(new[] { 1 })] IClock", "Shop.IClock")]
    public void What_no_container_holds_is_refused(string type, string shown) => Refusal.Expect(
        $$"""
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(OrderPlaced message, {{type}} [|value|]) { }
        }
        """,
        $"Parameter 'value' of handler method 'Shop.Handlers.Handle' is a '{shown}', which cannot be a service; ask for MessageContext, CancellationToken or a service");

    [Theory, Trait(Refusal.Trait, "RMQ015")]
    [InlineData("Missing", "Missing")]
    [InlineData("Missing[]", "Missing[]")]
    [InlineData("IEnumerable<Missing>", "System.Collections.Generic.IEnumerable<Missing>")]
    public void A_type_that_the_generator_cannot_see_is_refused(string type, string shown) => Refusal.Expect(
        $$"""
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(OrderPlaced message, {{type}} [|service|]) { }
        }
        """,
        [$"The type '{shown}' of parameter 'service' of handler method 'Shop.Handlers.Handle' is unknown while handlers are collected; correct it, or move what another generator writes to a referenced project"],
        compilerErrors: "CS0246");

    [Theory, Trait(Refusal.Trait, "RMQ015")]
    [InlineData("[|Missing.Name|]", "queue")]
    [InlineData("\"billing\", Retry = [|Missing.Name|]", "Retry")]
    [InlineData("\"billing\", Timeout = [|Missing.Name|]", "Timeout")]
    [InlineData("\"billing\", Concurrency = [|Missing.Name|]", "Concurrency")]
    [InlineData("\"billing\", Prefetch = [|Missing.Name|]", "Prefetch")]
    public void A_value_that_the_generator_cannot_see_is_refused(string arguments, string what) => Refusal.Expect(
        $$"""
        public sealed class Handlers
        {
            [MessageHandler({{arguments}})]
            public void Handle(OrderPlaced message) { }
        }
        """,
        [$"The value of '{what}' of handler method 'Shop.Handlers.Handle' is unknown while handlers are collected; correct it, or move what another generator writes to a referenced project"],
        compilerErrors: "CS0103");

    [Theory, Trait(Refusal.Trait, "RMQ015")]
    [InlineData("Missing", "Missing")]
    [InlineData("Task<Missing>", "System.Threading.Tasks.Task<Missing>")]
    public void A_return_type_that_the_generator_cannot_see_is_refused(string type, string shown) => Refusal.Expect(
        $$"""
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public {{type}} [|Handle|](OrderPlaced message) => throw new NotSupportedException();
        }
        """,
        [$"The return type '{shown}' of handler method 'Shop.Handlers.Handle' is unknown while handlers are collected; correct it, or move what another generator writes to a referenced project"],
        compilerErrors: "CS0246");

    [Theory, Trait(Refusal.Trait, "RMQ016")]
    [InlineData("Hidden [|message|]", "message", "Shop.Handlers.Hidden")]
    [InlineData("OrderPlaced message, IHidden [|one|]", "one", "Shop.Handlers.IHidden")]
    [InlineData("OrderPlaced message, List<IHidden> [|all|]", "all", "System.Collections.Generic.List<Shop.Handlers.IHidden>")]
    public void A_parameter_type_that_others_cannot_see_is_refused(string parameters, string name, string shown) => Refusal.Expect(
        $$"""
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle({{parameters}}) { }

            [Message("orders.hidden.v1")]
            private sealed record Hidden;

            private interface IHidden;
        }
        """,
        [$"Parameter '{name}' of handler method 'Shop.Handlers.Handle' is a '{shown}', which the generated code cannot see; make that type and those around it public or internal"],
        compilerErrors: "CS0051");
}
