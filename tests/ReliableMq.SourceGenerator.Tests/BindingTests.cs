namespace ReliableMq.SourceGenerator.Tests;

public sealed class BindingTests
{
    [Theory, Trait(Refusal.Trait, "RMQ055")]
    [InlineData("[|\"\"|], \"#\"", "Exchange", "", "is empty, but nothing can be bound to the default exchange; name another")]
    [InlineData("[|null!|], \"#\"", "Exchange", "", "is empty, but nothing can be bound to the default exchange; name another")]
    [InlineData("\"legacy\", [|\"\"|]", "Pattern", "", "is empty; write '#' for all messages of the exchange")]
    [InlineData("pattern: [|\"\"|], exchange: \"legacy\"", "Pattern", "", "is empty; write '#' for all messages of the exchange")]
    public void A_wrong_binding_is_refused(string arguments, string what, string shown, string fault) =>
        Refusal.Expect(Bound(arguments), $"{what} '{shown}' of handler method 'Shop.Handlers.Handle' {fault}");

    [Theory, Trait(Refusal.Trait, "RMQ055")]
    [InlineData('a', 256)]
    [InlineData('ü', 128)]
    public void A_name_over_255_bytes_is_refused(char letter, int length)
    {
        var name = new string(letter, length);
        Refusal.Expect(Bound($"[|\"{name}\"|], \"#\""), $"Exchange '{name}' of handler method 'Shop.Handlers.Handle' has 256 bytes in UTF-8; use at most 255");
        Refusal.Expect(Bound($"\"legacy\", [|\"{name}\"|]"), $"Pattern '{name}' of handler method 'Shop.Handlers.Handle' has 256 bytes in UTF-8; use at most 255");
    }

    [Fact]
    public void A_name_of_255_bytes_is_accepted() =>
        Compiler.Generate(Bound($"\"{new string('a', 255)}\", \"{new string('ü', 127)}\"")).ShouldBeClean();

    [Fact, Trait(Refusal.Trait, "RMQ015")]
    public void A_name_that_the_generator_cannot_see_is_reported() => Refusal.Expect(
        """
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            [[|Binding(Missing.Name, "#")|]]
            public void Handle(OrderPlaced message) { }
        }
        """,
        ["The [Binding] of handler method 'Shop.Handlers.Handle' is unknown while handlers are collected; correct it, or move what another generator writes to a referenced project"],
        compilerErrors: "CS0103");

    [Fact, Trait(Refusal.Trait, "RMQ056")]
    public void A_binding_of_no_handler_is_reported() => Refusal.Expect(
        """
        public sealed class Handlers
        {
            [[|Binding("legacy", "#")|]]
            [Binding("legacy", "other")]
            public void Handle(OrderPlaced message) { }
        }
        """,
        "Method 'Shop.Handlers.Handle' has [Binding], but no [MessageHandler] whose queue it could bind; add one, or remove it");

    private static string Bound(string arguments) => $$"""
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            [Binding({{arguments}})]
            public void Handle(OrderPlaced message) { }
        }
        """;
}
