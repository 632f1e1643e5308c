using ReliableMq.Broker.Topology;

namespace ReliableMq.Tests.Broker.Topology;

public sealed class BindingTests
{
    [Theory]
    [InlineData("invoice.created", "invoice.created", true)]
    [InlineData("invoice.created", "invoice.changed", false)]
    [InlineData("invoice.created", "Invoice.created", false)]
    [InlineData("invoice.*", "invoice.created", true)]
    [InlineData("invoice.*", "invoice", false)]
    [InlineData("invoice.*", "invoice.created.v1", false)]
    [InlineData("invoice.*", "invoice.", true)]
    [InlineData("*", "invoice", true)]
    [InlineData("*", "", false)]
    [InlineData("*.*", ".", true)]
    [InlineData("#", "", true)]
    [InlineData("#", "a.b.c", true)]
    [InlineData("invoice.#", "invoice", true)]
    [InlineData("invoice.#", "invoice.a.b", true)]
    [InlineData("invoice.#", "invoices.a", false)]
    [InlineData("#.v1", "v1", true)]
    [InlineData("#.v1", "a.b.v1", true)]
    [InlineData("#.v1", "a.v1.b", false)]
    [InlineData("a.#.b.#.c", "a.b.c", true)]
    [InlineData("a.#.b.#.c", "a.x.b.b.y.c", true)]
    [InlineData("a.#.b.#.c", "a.x.c", false)]
    [InlineData("#.a.*", "a.a.a.b", true)]
    [InlineData("#.#", "", true)]
    [InlineData("#.*.#", "a", true)]
    [InlineData("#.*.#", "", false)]
    [InlineData("inv*", "invoice", false)]
    public void A_pattern_has_words_any_word_and_any_number_of_words(string pattern, string key, bool matches) =>
        new Binding("legacy", pattern).Matches("legacy", key).ShouldBe(matches);

    [Fact]
    public void A_pattern_speaks_of_its_own_exchange() => new Binding("legacy", "#").Matches("Legacy", "a").ShouldBeFalse();

    [Fact]
    public void The_worst_pattern_takes_no_time()
    {
        var pattern = string.Join('.', Enumerable.Repeat("#", 60)) + ".x";

        new Binding("legacy", pattern).Matches("legacy", string.Join('.', Enumerable.Repeat("a", 128))).ShouldBeFalse();
    }

    [Theory]
    [InlineData("legacy: invoice.#", "legacy", "invoice.#")]
    [InlineData("legacy:invoice.#", "legacy", "invoice.#")]
    [InlineData("  legacy :  # ", "legacy", "#")]
    [InlineData("Shop.Contracts:OrderPlaced: #", "Shop.Contracts:OrderPlaced", "#")]
    [InlineData("legacy: a:b", "legacy", "a:b")]
    [InlineData(": #", "", "#")]
    [InlineData("legacy:", "legacy", "")]
    public void A_text_names_the_exchange_and_the_pattern(string text, string exchange, string pattern) =>
        Binding.Parse(text).ShouldBe(new Binding(exchange, pattern));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("legacy")]
    public void A_text_without_a_colon_is_no_binding(string? text) => Binding.Parse(text).ShouldBeNull();
}
