namespace ReliableMq.Tests;

public sealed class MessageNamesTests
{
    [Theory]
    [InlineData("orders.order-placed.v1", true)]
    [InlineData("a.b", true)]
    [InlineData("0.1", true)]
    [InlineData("a_b.c-d.e.f.g", true)]
    [InlineData("-._", true)]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("orders", false)]
    [InlineData(".orders", false)]
    [InlineData("orders.", false)]
    [InlineData("orders..v1", false)]
    [InlineData("Orders.placed", false)]
    [InlineData("orders.placed ", false)]
    [InlineData("orders.pl/aced", false)]
    [InlineData("orders.#", false)]
    [InlineData("orders.*", false)]
    [InlineData("orders.plätze", false)]
    [InlineData("orders.placed\n", false)]
    [InlineData("orders.placed\0", false)]
    public void A_name_has_two_or_more_parts_of_lower_case_letters_digits_and_dashes(string name, bool valid) =>
        MessageNames.IsValid(name).ShouldBe(valid);

    [Theory]
    [InlineData(200, true)]
    [InlineData(201, false)]
    public void A_name_has_at_most_200_characters(int length, bool valid) =>
        MessageNames.IsValid("a." + new string('b', length - 2)).ShouldBe(valid);

    [Theory]
    [InlineData("orders.order-placed.v1", "orders")]
    [InlineData("a.b", "a")]
    public void The_domain_is_the_first_part(string name, string domain) =>
        MessageNames.DomainOf(name).ShouldBe(domain);

    [Fact]
    public void A_type_says_its_name_with_an_attribute() =>
        MessageNames.Of(typeof(OrderPlaced)).ShouldBe("orders.order-placed.v1");

    [Fact]
    public void A_type_without_a_name_is_refused() =>
        Should.Throw<ReliableMqException>(() => MessageNames.Of(typeof(NoMessage))).Message.ShouldBe(
            "The type \"ReliableMq.Tests.MessageNamesTests+NoMessage\" is not a message. Mark it with [Message(\"domain.name.v1\")].");

    [Fact]
    public void A_name_is_not_inherited() =>
        Should.Throw<ReliableMqException>(() => MessageNames.Of(typeof(Derived))).Message.ShouldBe(
            "The type \"ReliableMq.Tests.MessageNamesTests+Derived\" is not a message, though its base class \"ReliableMq.Tests.MessageNamesTests+Base\" is: its receivers would lose what \"Derived\" adds. Add a \"Base\", or give both a base class without [Message] and each its own name.");

    [Fact]
    public void A_message_that_derives_from_a_message_is_refused() =>
        Should.Throw<ReliableMqException>(() => MessageNames.Of(typeof(AlsoMarked))).Message.ShouldBe(
            "The message \"ReliableMq.Tests.MessageNamesTests+AlsoMarked\" derives from the message \"ReliableMq.Tests.MessageNamesTests+Base\", whose handlers would not get it. Give both a base class without [Message].");

    [Fact]
    public void A_type_says_its_earlier_names_with_the_attribute()
    {
        MessageNames.AliasesOf(typeof(Renamed)).ShouldBe(["orders.old.v1", "orders.older.v1"]);
        MessageNames.AliasesOf(typeof(OrderPlaced)).ShouldBeEmpty();
    }

    [Fact]
    public void An_alias_is_a_name_and_none_that_is_there_already()
    {
        Should.Throw<ReliableMqException>(() => MessageNames.AliasesOf(typeof(WrongAlias))).Message.ShouldBe(
            "The alias \"Old\" of the message \"ReliableMq.Tests.MessageNamesTests+WrongAlias\" is not valid. Use at least two parts of lower-case letters, digits, '-' and '_', separated by dots, at most 200 characters, like \"orders.order-placed.v1\".");
        Should.Throw<ReliableMqException>(() => MessageNames.AliasesOf(typeof(SameAlias))).Message.ShouldBe(
            "The message \"ReliableMq.Tests.MessageNamesTests+SameAlias\" has the name \"orders.same.v1\" twice. Remove it from [Message(…, Aliases = …)].");
    }

    [Fact]
    public void A_type_with_a_wrong_name_is_refused() =>
        Should.Throw<ReliableMqException>(() => MessageNames.Of(typeof(WrongName))).Message.ShouldBe(
            "The message name \"OrderPlaced\" of \"ReliableMq.Tests.MessageNamesTests+WrongName\" is not valid. Use at least two parts of lower-case letters, digits, '-' and '_', separated by dots, at most 200 characters, like \"orders.order-placed.v1\".");

    [Theory]
    [InlineData("a", 255, true)]
    [InlineData("a", 256, false)]
    [InlineData("ä", 127, true)]
    [InlineData("ä", 128, false)]
    public void A_short_string_has_at_most_255_bytes(string character, int count, bool fits) =>
        MessageNames.IsShortString(string.Concat(Enumerable.Repeat(character, count))).ShouldBe(fits);

    private sealed record NoMessage;

    [Message("orders.base.v1")]
    private record Base;

    private record Derived : Base;

    [Message("orders.also-marked.v1")]
    private sealed record AlsoMarked : Derived;

    [Message("orders.new.v1", Aliases = ["orders.old.v1", "orders.older.v1"])]
    private sealed record Renamed;

    [Message("orders.new.v1", Aliases = ["Old"])]
    private sealed record WrongAlias;

    [Message("orders.same.v1", Aliases = ["orders.same.v1"])]
    private sealed record SameAlias;

    [Message("OrderPlaced")]
    private sealed record WrongName;
}
