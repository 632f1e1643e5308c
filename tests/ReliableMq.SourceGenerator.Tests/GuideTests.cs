using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator.Tests;

/// <summary>Keeps <c>docs/diagnostics.md</c>, the rules and their tests together.</summary>
public sealed class GuideTests
{
    private static readonly Dictionary<string, string> Sections =
        Regex.Split(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Guide", "diagnostics.md")), "^## ", RegexOptions.Multiline)
            .Skip(1)
            .Select(section => section.Split('\n', 2))
            .ToDictionary(section => section[0].Trim(), section => section[1]);

    public static TheoryData<string> Ids => [.. Rules.All.Select(rule => rule.Id)];

    /// <summary>A warning only advises.</summary>
    public static TheoryData<string> Errors => [.. Rules.All.Where(rule => rule.DefaultSeverity == DiagnosticSeverity.Error).Select(rule => rule.Id)];

    /// <summary>Those of the JSON can be turned off by who has another.</summary>
    public static TheoryData<string> Generators => [.. Rules.All.Except([Rule.NeverSaved, .. new MessageShapeAnalyzer().SupportedDiagnostics]).Select(rule => rule.Id)];

    public static TheoryData<string> IdsWithSnippets => [.. Errors.Select(row => row.Data).Where(id => SnippetsOf(id).Length > 0)];

    [Fact]
    public void The_guide_has_a_section_for_each_rule_and_no_other() =>
        Sections.Keys.ShouldBe(Rules.All.Select(rule => rule.Id));

    [Fact]
    public void An_id_belongs_to_one_rule() =>
        Rules.All.Select(rule => rule.Id).ShouldBeUnique();

    [Theory]
    [MemberData(nameof(Ids))]
    public void A_rule_links_to_its_section_which_begins_with_its_title(string id)
    {
        var rule = Rules.All.Single(rule => rule.Id == id);

        rule.HelpLinkUri.ShouldBe($"docs/diagnostics.md#{id.ToLowerInvariant()}");
        rule.Description.ToString().ShouldBe("docs/diagnostics.md in the package ReliableMq says why, and shows it wrong and right.");
        Sections[id].Trim().ShouldStartWith($"**{rule.Title}.**");
    }

    [Theory]
    [InlineData(null, "docs/diagnostics.md#rmq001")]
    [InlineData("", "docs/diagnostics.md#rmq001")]
    [InlineData("https://example.org/docs/", "https://example.org/docs/diagnostics.md#rmq001")]
    public void A_link_leads_to_where_the_guides_are_published(string? published, string link) => Guide.LinkTo("RMQ001", published).ShouldBe(link);

    [Theory]
    [MemberData(nameof(Generators))]
    public void A_rule_is_an_error_that_cannot_be_turned_off(string id)
    {
        var rule = Rules.All.Single(rule => rule.Id == id);

        rule.DefaultSeverity.ShouldBe(DiagnosticSeverity.Error);
        rule.CustomTags.ShouldBe([WellKnownDiagnosticTags.NotConfigurable]);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void A_rule_has_a_test(string id) => Tested.ShouldContain(id);

    [Theory]
    [MemberData(nameof(IdsWithSnippets))]
    public async Task The_first_snippet_of_a_section_is_refused_with_its_id(string id)
    {
        var generation = Compiler.Generate(SnippetsOf(id)[0]);
        IEnumerable<Diagnostic> found = generation.Diagnostics.IsEmpty ? await MessageShapeTests.AnalyzeAsync(generation.Output) : generation.Diagnostics;
        found.Select(diagnostic => diagnostic.Id).Distinct().ShouldBe([id]);
    }

    [Theory]
    [MemberData(nameof(IdsWithSnippets))]
    public async Task The_second_snippet_of_a_section_compiles(string id)
    {
        SnippetsOf(id).Length.ShouldBe(2);
        var generation = Compiler.Generate(SnippetsOf(id)[1]).ShouldBeClean();
        generation.Code.ShouldContain("AddHandler(");
        (await MessageShapeTests.AnalyzeAsync(generation.Output)).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_first_snippet_of_a_warning_warns_and_the_second_does_not()
    {
        Rule.NeverSaved.DefaultSeverity.ShouldBe(DiagnosticSeverity.Warning);
        (await NeverSavedTests.WarningsAsync(SnippetsOf(Rule.NeverSaved.Id)[0])).ShouldHaveSingleItem();
        (await NeverSavedTests.WarningsAsync(SnippetsOf(Rule.NeverSaved.Id)[1])).ShouldBeEmpty();
        (await MessageShapeTests.AnalyzeAsync(Compiler.Generate(SnippetsOf(Rule.MayBeLost.Id)[0]).Output)).ShouldHaveSingleItem().Id.ShouldBe("RMQ061");
        (await MessageShapeTests.AnalyzeAsync(Compiler.Generate(SnippetsOf(Rule.MayBeLost.Id)[1]).Output)).ShouldBeEmpty();
    }

    private static string[] SnippetsOf(string id) =>
        [.. Regex.Matches(Sections[id], "```csharp\n(.*?)```", RegexOptions.Singleline).Select(match => match.Groups[1].Value)];

    private static IEnumerable<string?> Tested =>
        typeof(GuideTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods())
            .Where(method => method.GetCustomAttribute<FactAttribute>() is not null)
            .SelectMany(method => method.GetCustomAttributesData())
            .Where(attribute => attribute.AttributeType == typeof(TraitAttribute)
                && Equals(attribute.ConstructorArguments[0].Value, Refusal.Trait))
            .Select(attribute => (string?)attribute.ConstructorArguments[1].Value);
}
