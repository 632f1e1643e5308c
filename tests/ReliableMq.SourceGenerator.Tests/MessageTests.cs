namespace ReliableMq.SourceGenerator.Tests;

public sealed class MessageTests
{
    private const string Remedy =
        "use lower-case letters, digits, '-' and '_' in two or more parts separated by dots, at most 200 characters";

    public static TheoryData<string, string, string> WrongNames => new()
    {
        { "", "", "is empty" },
        { "order-placed", "order-placed", "has one part only" },
        { "orders.", "orders.", "has an empty part" },
        { ".orders", ".orders", "has an empty part" },
        { "orders..v1", "orders..v1", "has an empty part" },
        { "Orders.order-placed", "Orders.order-placed", "contains 'O'" },
        { "orders.order placed", "orders.order placed", "contains ' '" },
        { "orders.*", "orders.*", "contains '*'" },
        { "orders.#", "orders.#", "contains '#'" },
        { "orders.bestellungü", "orders.bestellungü", "contains 'ü'" },
        { "orders.\\u0007", "orders.\\u0007", "contains '\\u0007'" },
        { "orders." + new string('a', 194), "orders." + new string('a', 194), "has 201 characters" },
    };

    [Theory, Trait(Refusal.Trait, "RMQ020")]
    [MemberData(nameof(WrongNames))]
    public void A_wrong_name_is_reported_once_where_the_message_is_declared(string name, string shown, string fault) => Refusal.Expect(
        $$"""
        [Message([|"{{name}}"|])]
        public sealed record Wrong;

        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(Wrong message) { }

            [MessageHandler("shipping")]
            public void Also(Wrong message) { }
        }
        """,
        $"Message name '{shown}' of 'Shop.Wrong' {fault}; {Remedy}");

    [Theory]
    [InlineData("a.b")]
    [InlineData("orders.order-placed.v1")]
    [InlineData("0.1.2.3.4.5")]
    [InlineData("-._")]
    public void A_name_within_the_rules_is_accepted(string name) => WithMessage($"""[Message("{name}")] public record Thing""").ShouldBeClean();

    [Fact]
    public void A_name_of_200_characters_is_accepted() =>
        WithMessage($"""[Message("orders.{new string('a', 193)}")] public record Thing""").ShouldBeClean();

    [Fact, Trait(Refusal.Trait, "RMQ020")]
    public void A_wrong_name_is_reported_of_a_message_that_nothing_handles() => Refusal.Expect(
        """[Message([|"placed"|])] public readonly record struct Wrong;""",
        $"Message name 'placed' of 'Shop.Wrong' has one part only; {Remedy}");

    [Fact, Trait(Refusal.Trait, "RMQ020")]
    public void A_name_that_the_generator_cannot_see_is_reported() => Refusal.Expect(
        """
        [Message([|Missing.Name|])]
        public sealed record Wrong;

        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(Wrong message) { }
        }
        """,
        [$"Message name '' of 'Shop.Wrong' is unknown while messages are collected; {Remedy}"],
        compilerErrors: "CS0103");

    [Fact, Trait(Refusal.Trait, "RMQ020")]
    public void A_wrong_name_in_another_assembly_is_reported_on_the_handler()
    {
        var contracts = Compiler.Compile("Shop.Contracts", """
            namespace Shop.Contracts;

            [Message("placed")]
            public sealed record Wrong;
            """);
        var generation = Compiler.Generate(Compiler.Compile("Shop.Billing", """
            public sealed class Handlers
            {
                [MessageHandler("billing")]
                public void Handle(Shop.Contracts.Wrong message) { }
            }
            """).AddReferences(contracts.ToMetadataReference()));

        var reported = generation.Diagnostics.ShouldHaveSingleItem();
        reported.Id.ShouldBe("RMQ020");
        reported.GetMessage().ShouldBe($"Message name 'placed' of 'Shop.Contracts.Wrong' has one part only; {Remedy}");
        reported.Location.GetLineSpan().ToString().ShouldBe("/shop/1.cs: (3,44)-(3,51)");
        generation.Code.ShouldBeEmpty();
    }

    [Theory, Trait(Refusal.Trait, "RMQ021")]
    [InlineData("abstract record", "abstract")]
    [InlineData("ref struct", "a ref struct")]
    public void A_message_that_cannot_be_created_is_refused(string kind, string shown) => Refusal.Expect(
        $$"""
        [Message("orders.wrong.v1")]
        public {{kind}} Wrong;

        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(Wrong [|message|]) { }
        }
        """,
        $"Message 'Shop.Wrong' is {shown} and cannot be created; handle a class or struct that can");

    [Theory, Trait(Refusal.Trait, "RMQ021")]
    [InlineData("interface", "an interface", "CS0592")]
    [InlineData("static class", "static", "CS0721")]
    public void An_interface_or_static_class_is_refused(string kind, string shown, string compilerError) => Refusal.Expect(
        $$"""
        [Message("orders.wrong.v1")]
        public {{kind}} Wrong;

        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(Wrong [|message|]) { }
        }
        """,
        [$"Message 'Shop.Wrong' is {shown} and cannot be created; handle a class or struct that can"],
        compilerErrors: compilerError);

    [Theory, Trait(Refusal.Trait, "RMQ022")]
    [InlineData("Envelope<OrderPlaced>", "Shop.Envelope<Shop.OrderPlaced>", "orders.envelope.v1")]
    [InlineData("Envelope<int>.Inner", "Shop.Envelope<int>.Inner", "orders.inner.v1")]
    public void A_generic_message_is_refused(string type, string shown, string name) => Refusal.Expect(
        $$"""
        [Message("orders.envelope.v1")]
        public sealed record Envelope<T>(T Content)
        {
            [Message("orders.inner.v1")]
            public sealed record Inner;
        }

        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle({{type}} [|message|]) { }
        }
        """,
        $"Message '{shown}' is generic, so its name '{name}' would stand for many types; use a message without type parameters");

    [Theory, Trait(Refusal.Trait, "RMQ025")]
    [InlineData("\"placed\"", "placed", "has one part only")]
    [InlineData("\"Orders.placed\"", "Orders.placed", "contains 'O'")]
    [InlineData("null!", "", "is empty")]
    [InlineData("\"orders.placed.v2\"", "orders.placed.v2", "is a name that it has already")]
    [InlineData("\"orders.placed.v1\", \"orders.placed.v1\"", "orders.placed.v1", "is a name that it has already")]
    public void A_wrong_alias_is_reported_once_where_the_message_is_declared(string aliases, string shown, string fault) => Refusal.Expect(
        $$"""
        [Message("orders.placed.v2", Aliases = [|[{{aliases}}]|])]
        public sealed record Placed;

        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(Placed message) { }
        }
        """,
        $"Alias '{shown}' of 'Shop.Placed' {fault}; {Remedy}, and each name once");

    [Theory]
    [InlineData("[]")]
    [InlineData("null!")]
    [InlineData("[\"orders.placed.v1\", \"sales.placed.v1\"]")]
    public void Aliases_within_the_rules_are_accepted(string aliases) =>
        WithMessage($"""[Message("orders.placed.v2", Aliases = {aliases})] public record Thing""").ShouldBeClean();

    [Fact, Trait(Refusal.Trait, "RMQ024")]
    public void A_message_that_derives_from_another_is_reported() => Refusal.Expect(
        """
        [Message("orders.order.v1")]
        public class Order;

        public class RushOrder : Order;

        [Message("orders.top-order.v1")]
        public class [|TopOrder|] : RushOrder;

        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(TopOrder message) { }
        }
        """,
        "Message 'Shop.TopOrder' derives from the message 'Shop.Order', whose handlers would not get it; give both a base class without [Message]");

    [Fact, Trait(Refusal.Trait, "RMQ024")]
    public void A_derived_message_of_another_assembly_is_reported_at_its_handler()
    {
        var contracts = Compiler.Compile("Shop.Contracts", """
            namespace Shop.Contracts;

            [Message("orders.order.v1")]
            public class Order;

            [Message("orders.top-order.v1", Aliases = ["top"])]
            public class TopOrder : Order;
            """);

        Compiler.Generate(Compiler.Compile("Shop.Billing", """
            public sealed class BillingHandlers
            {
                [MessageHandler("billing")]
                public void Handle(Shop.Contracts.TopOrder message) { }
            }
            """).AddReferences(contracts.ToMetadataReference())).Diagnostics.Select(diagnostic => diagnostic.Id).ShouldBe(["RMQ025", "RMQ024"]);
    }

    private static Generation WithMessage(string declaration) => Compiler.Generate(
        $$"""
        {{declaration}}{{(declaration.EndsWith('}') ? "" : ";")}}

        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(Thing message) { }
        }
        """);
}
