using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator.Tests;

/// <summary>What is said of a message that would not arrive, where, and when nothing is.</summary>
public sealed class MessageShapeWordsTests
{
    private const string Message = """[Message("shop.thing.v1")]""";

    public static TheoryData<string, string> Words => new()
    {
        {
            "public class [|Thing|] { private Thing() { } }",
            "Message 'Shop.Thing' has no public constructor, so System.Text.Json cannot create it; give it one public constructor, or mark the one to use with [JsonConstructor]"
        },
        {
            "public class [|Thing|] { public Thing(int a) { } public Thing(string a) { } }",
            "Message 'Shop.Thing' has several public constructors, all with parameters, so System.Text.Json cannot create it; give it one public constructor, or mark the one to use with [JsonConstructor]"
        },
        {
            "public class [|Thing|] { [JsonConstructor] public Thing(int a) { } [JsonConstructor] public Thing() { } }",
            "Message 'Shop.Thing' has more than one constructor marked with [JsonConstructor], so System.Text.Json cannot create it; give it one public constructor, or mark the one to use with [JsonConstructor]"
        },
        {
            "public record Thing(Thing.Part A) { public class [|Part|] { internal Part() { } } }",
            "'Shop.Thing.Part' in message 'Shop.Thing' has no public constructor, so System.Text.Json cannot create it; give it one public constructor, or mark the one to use with [JsonConstructor]"
        },
        {
            "public class Thing { public int [|Total|] { get; private set; } }",
            "Property 'Total' of message 'Shop.Thing' has no public setter and no parameter of the constructor fills it, so it does not arrive; give it a public set or init, or mark it with [JsonIgnore] if it is to stay behind"
        },
        {
            "public record Thing(Thing.Part A) { public class Part { public List<int> [|Numbers|] { get; } = []; } }",
            "Property 'Numbers' of 'Shop.Thing.Part' in message 'Shop.Thing' has no public setter and no parameter of the constructor fills it, so it does not arrive; give it a public set or init, or mark it with [JsonIgnore] if it is to stay behind"
        },
        {
            "public class Thing { public int [|Total|]; }",
            "Field 'Total' of message 'Shop.Thing' is a field, which System.Text.Json leaves out; make it a property, or mark it with [JsonIgnore] if it is to stay behind"
        },
        {
            "public class Thing { public int [|Total|] { private get; set; } }",
            "Property 'Total' of message 'Shop.Thing' has no public getter, so System.Text.Json does not write it; make its getter public, or mark it with [JsonIgnore] if it is to stay behind"
        },
        {
            "public class Thing { public Thing(int [|sum|]) { Total = sum; } public int Total { get; set; } }",
            "Parameter 'sum' of the constructor of message 'Shop.Thing' matches no property of that name and the type 'int', so System.Text.Json cannot create it; name it like the property that it fills and give both one type, or mark another constructor with [JsonConstructor]"
        },
        {
            "public class Thing { public (int, string) [|Pair|] { get; set; } }",
            "Property 'Pair' of message 'Shop.Thing' is a '(int, string)', whose fields System.Text.Json leaves out; use another type, give the member a [JsonConverter], or mark it with [JsonIgnore] if it is to stay behind"
        },
        {
            "public class Thing { public Dictionary<string, Type[]> [|Types|] { get; set; } = []; }",
            "Property 'Types' of message 'Shop.Thing' holds a 'System.Type', which System.Text.Json refuses; use another type, give the member a [JsonConverter], or mark it with [JsonIgnore] if it is to stay behind"
        },
        {
            "public class Thing { public IReadOnlySet<int>? [|Numbers|] { get; set; } }",
            "Property 'Numbers' of message 'Shop.Thing' is a 'System.Collections.Generic.IReadOnlySet<int>', which System.Text.Json cannot create; use another type, give the member a [JsonConverter], or mark it with [JsonIgnore] if it is to stay behind"
        },
        {
            "public class Thing { public int [|Total|] { get; set; } [JsonPropertyName(\"total\")] public int Sum { get; set; } }",
            "'Total' and 'Sum' of message 'Shop.Thing' both have the JSON name 'Total', in which case does not count, so System.Text.Json refuses it; give one another name with [JsonPropertyName]"
        },
        {
            "public class Thing { public Guid [|Id|] { get; } = Guid.NewGuid(); }",
            "Property 'Id' of message 'Shop.Thing' has no public setter and no parameter of the constructor fills it, so the receiver has what its own constructor gives it; give it a public set or init, or mark it with [JsonIgnore] if it is to stay behind"
        },
    };

    [Theory]
    [MemberData(nameof(Words))]
    public async Task The_fault_is_told_where_it_is(string declaration, string words)
    {
        var found = await FindAsync($"{Message} {declaration}", HandlerOf("Thing message"));

        found.ShouldHaveSingleItem().GetMessage().ShouldBe(words);
        At(found[0]).ShouldBe(declaration.Split("[|")[1].Split("|]")[0]);
    }

    [Fact]
    public async Task Of_a_message_of_another_assembly_the_fault_is_told_at_its_handler()
    {
        var contracts = Compiler.Compile("Shop.Contracts", "namespace Shop;\n[Message(\"shop.thing.v1\")] public class Thing { public int Total; }");
        var compilation = Compiler.Compile("Shop.Billing", "namespace Shop;\n" + HandlerOf("IReadOnlyList<Thing> messages")).AddReferences(contracts.ToMetadataReference());

        var found = await MessageShapeTests.AnalyzeAsync(compilation);

        found.ShouldHaveSingleItem().Id.ShouldBe("RMQ026");
        At(found[0]).ShouldBe("messages");
    }

    [Fact]
    public async Task A_message_that_is_only_sent_is_not_asked_how_it_would_be_read() =>
        (await FindAsync($"{Message} public class Thing {{ private Thing() {{ }} public int A {{ get; private set; }} public IReadOnlySet<int>? B {{ get; set; }} }}")).ShouldBeEmpty();

    [Fact]
    public async Task A_message_that_is_only_sent_is_asked_what_is_written() =>
        (await FindAsync($"{Message} public class Thing {{ public int A; }}")).ShouldHaveSingleItem().Id.ShouldBe("RMQ026");

    [Fact]
    public async Task An_old_message_is_read_by_its_upcaster() =>
        (await FindAsync(
            $$"""
            {{Message}} public record Thing(int A);
            [Message("shop.old.v1")] public class Old { public int A { get; private set; } }
            public sealed class Upcaster : IMessageUpcaster<Old, Thing> { public Thing Upcast(Old message) => new(message.A); }
            """)).ShouldHaveSingleItem().Id.ShouldBe("RMQ026");

    [Theory]
    [InlineData("application/x-protobuf", false)]
    [InlineData("application/json", true)]
    [InlineData("application/JSON; charset=utf-8", true)]
    public async Task Only_JSON_is_judged(string contentType, bool isJudged) =>
        (await FindAsync($"[Message(\"shop.thing.v1\", ContentType = \"{contentType}\")] public class Thing {{ private Thing() {{ }} public int A; }}", HandlerOf("Thing message")))
            .Any().ShouldBe(isJudged);

    [Theory]
    [InlineData("[JsonConverter(typeof(JsonStringEnumConverter))]")]
    [InlineData("[OwnConverter]")]
    [InlineData("[JsonDerivedType(typeof(Other), \"other\")]")]
    [InlineData("[JsonPolymorphic]")]
    public async Task A_message_that_is_written_another_way_is_not_judged(string attribute) =>
        (await FindAsync(
            $$"""
            {{Message}} {{attribute}} public class Thing { private protected Thing() { } public int A; }
            public sealed class Other : Thing;
            public sealed class OwnConverterAttribute : JsonConverterAttribute;
            """,
            HandlerOf("Thing message"))).ShouldBeEmpty();

    [Fact]
    public async Task An_application_with_a_JSON_of_its_own_can_turn_it_off() =>
        (await FindAsync($"#pragma warning disable RMQ026\n{Message} public class Thing {{ public int A; }}")).ShouldAllBe(found => found.IsSuppressed);

    private static string HandlerOf(string parameter) =>
        $$"""public sealed class Handlers { [MessageHandler("billing")] public void Handle({{parameter}}) { } }""";

    private static async Task<IReadOnlyList<Diagnostic>> FindAsync(params string[] sources) => await MessageShapeTests.AnalyzeAsync(Compiler.Compile(
        "Shop.Billing", [MessageShapeTests.Usings, .. sources.Select(source => "namespace Shop;\n" + source.Replace("[|", "").Replace("|]", ""))]));

    private static string At(Diagnostic found) => found.Location.SourceTree!.ToString().Substring(found.Location.SourceSpan.Start, found.Location.SourceSpan.Length);
}
