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

    /// <summary>The generator's own; a warning only advises.</summary>
    public static TheoryData<string> Errors => [.. Rules.All.Where(rule => rule != Rule.NeverSaved).Select(rule => rule.Id)];

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
        Sections[id].Trim().ShouldStartWith($"**{rule.Title}.**");
    }

    [Theory]
    [MemberData(nameof(Errors))]
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
    public void The_first_snippet_of_a_section_is_refused_with_its_id(string id) =>
        Compiler.Generate(SnippetsOf(id)[0]).Diagnostics.Select(diagnostic => diagnostic.Id).Distinct().ShouldBe([id]);

    [Theory]
    [MemberData(nameof(IdsWithSnippets))]
    public void The_second_snippet_of_a_section_compiles(string id)
    {
        SnippetsOf(id).Length.ShouldBe(2);
        Compiler.Generate(SnippetsOf(id)[1]).ShouldBeClean().Code.ShouldContain("AddHandler(");
    }

    [Fact]
    public async Task The_first_snippet_of_a_warning_warns_and_the_second_does_not()
    {
        Rule.NeverSaved.DefaultSeverity.ShouldBe(DiagnosticSeverity.Warning);
        (await NeverSavedTests.WarningsAsync(SnippetsOf(Rule.NeverSaved.Id)[0])).ShouldHaveSingleItem();
        (await NeverSavedTests.WarningsAsync(SnippetsOf(Rule.NeverSaved.Id)[1])).ShouldBeEmpty();
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
