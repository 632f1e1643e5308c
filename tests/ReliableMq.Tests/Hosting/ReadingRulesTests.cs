using Microsoft.Extensions.DependencyInjection;

namespace ReliableMq.Tests.Hosting;

public sealed class ReadingRulesTests
{
    private const string Prefix = "ReliableMq.Tests.Hosting.ReadingRulesTests+";

    [Fact]
    public void An_alias_that_another_handler_of_the_queue_takes_is_told() =>
        Errors(_ => { }, Handler<Two>("A"), Handler<AlsoTwo>("B"), Handler<AlsoTwo>("C", "other")).ShouldBe([
            "The queue \"billing\" takes the message \"tests.two.v1\" in more than one way: by \"A\", by \"B\" as an alias of \"tests.two.v2\". Keep one of the handlers, aliases and upcasters, or give each handler its own queue.",
        ]);

    [Fact]
    public void An_old_message_that_the_queue_handles_itself_is_told() =>
        Errors(builder => builder.AddUpcaster<One, Two, OneToTwo>(), Handler<One>("A"), Handler<Two>("B")).ShouldBe([
            $"The queue \"billing\" takes the message \"tests.one.v1\" in more than one way: by \"A\", by \"B\" after the upcaster \"{Prefix}OneToTwo\". Keep one of the handlers, aliases and upcasters, or give each handler its own queue.",
        ]);

    [Fact]
    public void Two_upcasters_from_one_message_are_told() =>
        Errors(builder => builder.AddUpcaster<One, Two, OneToTwo>().AddUpcaster<One, Three, OneToThree>(), Handler<Two>("A"), Handler<Three>("B", "other")).ShouldBe([
            $"The message \"{Prefix}One\" has more than one upcaster: \"{Prefix}OneToTwo\", \"{Prefix}OneToThree\". Add one of them, once.",
        ]);

    [Fact]
    public void Upcasters_in_a_circle_are_told() =>
        Errors(builder => builder.AddUpcaster<One, Two, OneToTwo>().AddUpcaster<Two, Three, TwoToThree>().AddUpcaster<Three, Two, ThreeToTwo>(), Handler<Three>("A")).ShouldBe([
            $"The upcasters \"{Prefix}TwoToThree\", \"{Prefix}ThreeToTwo\" go round in a circle. Remove one that leads from a newer message to an older one.",
        ]);

    [Fact]
    public void An_upcaster_to_its_own_message_is_a_circle() =>
        Errors(builder => builder.AddUpcaster<One, One, OneToOne>(), Handler<One>("A")).ShouldBe([
            $"The upcasters \"{Prefix}OneToOne\" go round in a circle. Remove one that leads from a newer message to an older one.",
        ]);

    [Fact]
    public void An_upcaster_of_what_is_no_message_is_told_once() =>
        Errors(builder => builder.AddUpcaster<string, Two, StringToTwo>(), Handler<Two>("A"), Handler<Two>("B", "other")).ShouldBe([
            "The type \"System.String\" is not a message. Mark it with [Message(\"domain.name.v1\")].",
        ]);

    [Fact]
    public void A_wrong_alias_is_told_once() =>
        Errors(_ => { }, Handler<Wrong>("A"), Handler<Wrong>("B", "other")).ShouldBe([
            $"The alias \"wrong\" of the message \"{Prefix}Wrong\" is not valid. Use at least two parts of lower-case letters, digits, '-' and '_', separated by dots, at most 200 characters, like \"orders.order-placed.v1\".",
        ]);

    [Fact]
    public void An_old_message_that_no_serializer_reads_is_told() =>
        Errors(builder => builder.AddUpcaster<Xml, Two, XmlToTwo>(), Handler<Two>("A")).ShouldBe([
            "The message \"tests.xml.v1\" of the queue \"billing\" has the content type \"text/xml\", which no serializer reads. Register one with AddReliableMq(…).AddSerializer<T>().",
        ]);

    [Fact]
    public void A_chain_that_ends_in_a_handler_or_in_none_is_fine() =>
        Errors(builder => builder.AddUpcaster<One, Two, OneToTwo>().AddUpcaster<Two, Three, TwoToThree>(), Handler<Three>("A"), Handler<Two>("B", "other")).ShouldBeEmpty();

    private static IEnumerable<string> Errors(Action<ReliableMqBuilder> more, params HandlerDefinition[] handlers) => Configured.Errors(builder =>
    {
        builder.AddInbox<BillingDb>();
        Array.ForEach(handlers, handler => builder.AddHandler(handler));
        more(builder);
    });

    private static HandlerDefinition Handler<T>(string name, string queue = "billing") => new()
    {
        Queue = queue,
        MessageName = ((MessageAttribute)typeof(T).GetCustomAttributes(typeof(MessageAttribute), false)[0]).Name,
        MessageType = typeof(T),
        HandlerName = name,
        Invoke = (_, _, _) => default,
    };

    [Message("tests.one.v1")]
    private sealed record One;

    [Message("tests.two.v1")]
    private sealed record Two;

    [Message("tests.three.v1")]
    private sealed record Three;

    [Message("tests.two.v2", Aliases = ["tests.two.v1"])]
    private sealed record AlsoTwo;

    [Message("tests.wrong.v1", Aliases = ["wrong"])]
    private sealed record Wrong;

    [Message("tests.xml.v1", ContentType = "text/xml")]
    private sealed record Xml;

    private sealed class OneToOne : Upcaster<One, One>;

    private sealed class OneToTwo : Upcaster<One, Two>;

    private sealed class OneToThree : Upcaster<One, Three>;

    private sealed class TwoToThree : Upcaster<Two, Three>;

    private sealed class ThreeToTwo : Upcaster<Three, Two>;

    private sealed class StringToTwo : Upcaster<string, Two>;

    private sealed class XmlToTwo : Upcaster<Xml, Two>;

    private abstract class Upcaster<TOld, TNew> : IMessageUpcaster<TOld, TNew>
        where TOld : notnull
        where TNew : notnull
    {
        public TNew Upcast(TOld message) => throw new NotSupportedException();
    }
}
