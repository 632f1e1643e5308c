using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator.Tests;

/// <summary>What came of one run of the generator.</summary>
/// <param name="Output">The user's code together with the generated code.</param>
/// <param name="Diagnostics">What the generator reported.</param>
/// <param name="Tree">The generated file, if any.</param>
internal sealed record Generation(Compilation Output, ImmutableArray<Diagnostic> Diagnostics, SyntaxTree? Tree)
{
    public string Code => Tree?.ToString().Replace(Version, "{version}") ?? "";

    private static string Version => typeof(MessageHandlerGenerator).Assembly.GetName().Version!.ToString();

    /// <summary>The generator reported nothing and its code compiles without a warning.</summary>
    public Generation ShouldBeClean()
    {
        Diagnostics.ShouldBeEmpty();
        CompilerErrors().ShouldBeEmpty();
        return this;
    }

    /// <summary>The compiler's errors anywhere, and its warnings in the generated file.</summary>
    public string[] CompilerErrors() =>
    [
        .. Output.GetDiagnostics()
            .Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error
                || (diagnostic.Severity == DiagnosticSeverity.Warning && diagnostic.Location.SourceTree == Tree && Tree is not null))
            .Select(diagnostic => diagnostic.ToString()),
    ];
}
