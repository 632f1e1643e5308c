using System.Text.RegularExpressions;

namespace ReliableMq.Tests.Docs;

/// <summary>Guides show only code that is compiled: every C# block stands between two marks in docs/snippets or in a sample.</summary>
public sealed partial class SnippetTests
{
    /// <summary>All but the one that shows code that does not compile.</summary>
    public static TheoryData<string> Guides() =>
        [.. Directory.GetFiles(Repository.PathOf("docs"), "*.md").Select(guide => $"docs/{Path.GetFileName(guide)}").Where(guide => guide != "docs/diagnostics.md").Append("README.md"),
        .. Directory.GetFiles(Repository.PathOf("src"), "README.md", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 }).Select(guide => Path.GetRelativePath(Repository.Root, guide))];

    [Theory]
    [MemberData(nameof(Guides))]
    public void Every_block_of_code_is_compiled(string guide)
    {
        var compiled = Directory.GetFiles(Repository.PathOf("docs/snippets"), "*.cs").Append(Repository.PathOf("samples/FirstShop/Program.cs"))
            .SelectMany(file => Region().Matches(File.ReadAllText(file)))
            .Select(match => Normalise(match.Groups["code"].Value))
            .ToHashSet();

        foreach (Match block in CodeBlock().Matches(File.ReadAllText(Repository.PathOf(guide))))
        {
            compiled.ShouldContain(Normalise(block.Groups["code"].Value), $"in {guide}");
        }
    }

    [Fact]
    public void Every_link_between_guides_leads_somewhere()
    {
        foreach (var guide in Directory.GetFiles(Repository.PathOf("docs"), "*.md").Append(Repository.PathOf("README.md")))
        {
            foreach (Match link in Link().Matches(File.ReadAllText(guide)))
            {
                File.Exists(Path.Combine(Path.GetDirectoryName(guide)!, link.Groups["file"].Value)).ShouldBeTrue($"{link.Value} in {guide}");
            }
        }
    }

    /// <summary>Without the indentation that the code has in its method.</summary>
    private static string Normalise(string code)
    {
        var lines = code.Trim('\n', '\r').Split('\n').Select(line => line.TrimEnd()).ToList();
        var indent = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => line.Length > 0 ? line[indent..] : line)).TrimEnd();
    }

    [GeneratedRegex(@"// begin: (?<name>[\w-]+)\n(?<code>.*?)\n *// end: \k<name>", RegexOptions.Singleline)]
    private static partial Regex Region();

    [GeneratedRegex(@"```csharp\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"\]\((?<file>[^)#:]+)(#[^)]*)?\)")]
    private static partial Regex Link();
}
