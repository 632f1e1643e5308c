using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace ReliableMq.SourceGenerator.Tests;

/// <summary>
/// Expects the generator to report the id in the test's <c>Diagnostic</c> trait, at the places that the source
/// marks with <c>[|…|]</c>, and to write the code without these handlers but with their neighbour.
/// </summary>
internal static class Refusal
{
    /// <summary>The trait that says which id a test covers, so that none can be forgotten.</summary>
    public const string Trait = "Diagnostic";

    private const string Neighbour = """
        namespace Shop;

        public sealed class Neighbour
        {
            [MessageHandler("neighbour")]
            public void Handle(OrderPlaced message) { }
        }
        """;

    public static void Expect(string source, params string[] messages) => Expect(source, messages, compilerErrors: []);

    /// <param name="source">Code in namespace Shop.</param>
    /// <param name="messages">The messages, in the order of their places.</param>
    /// <param name="compilerErrors">Ids of the compiler's own errors in such a source.</param>
    public static void Expect(string source, string[] messages, params string[] compilerErrors)
    {
        var (text, marks) = Unmark("namespace Shop;\n" + source);
        var generation = Compiler.Generate(Compiler.Compile("Shop.Billing", Compiler.Messages, Neighbour, text));
        var found = generation.Diagnostics.OrderBy(diagnostic => diagnostic.Location.SourceSpan.Start).ToArray();

        found.Select(diagnostic => diagnostic.GetMessage()).ShouldBe(messages);
        found.ShouldAllBe(diagnostic => diagnostic.Id == Id && diagnostic.Severity == DiagnosticSeverity.Error);
        found.Select(diagnostic => (diagnostic.Location.GetLineSpan().Path, Marked(text, diagnostic.Location.SourceSpan)))
            .ShouldBe(marks.Select(mark => ("/shop/3.cs", Marked(text, mark))));

        generation.Code.Split("builder.AddHandler(").Length.ShouldBe(2, generation.Code);
        generation.Code.ShouldContain("\"Shop.Neighbour.Handle\"");
        generation.CompilerErrors().ShouldAllBe(error => compilerErrors.Any(error.Contains));
    }

    private static string Id => TestContext.Current.TestCase!.Traits[Trait].ShouldHaveSingleItem();

    // A place as the words around it: a failure then shows what was marked, not two numbers.
    private static string Marked(string text, TextSpan span) =>
        text[..span.Start].Split('\n')[^1] + "[|" + text[span.Start..span.End] + "|]" + text[span.End..].Split('\n')[0];

    private static (string Text, List<TextSpan> Marks) Unmark(string source)
    {
        var marks = new List<TextSpan>();
        var pieces = source.Split("[|");
        var text = pieces[0];
        foreach (var piece in pieces.Skip(1))
        {
            var halves = piece.Split("|]");
            marks.Add(new TextSpan(text.Length, halves[0].Length));
            text += halves[0] + halves[1];
        }

        return (text, marks);
    }
}
