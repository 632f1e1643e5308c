using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>A diagnostic to be: its rule, its place and the words for its message.</summary>
internal sealed record Problem(DiagnosticDescriptor Rule, SourceSpan? At, EquatableArray<string> Arguments)
{
    public static Problem Of(DiagnosticDescriptor rule, SourceSpan? at, params string[] arguments) =>
        new(rule, at, arguments.ToEquatableArray());

    public Diagnostic ToDiagnostic() =>
        Diagnostic.Create(Rule, At?.ToLocation() ?? Location.None, [.. Arguments]);
}
