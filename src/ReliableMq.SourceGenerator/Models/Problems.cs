using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>What was found wrong while one handler was read.</summary>
internal sealed class Problems
{
    private readonly List<Problem> _found = [];

    /// <summary>Whether the handler has to be left out of the generated code.</summary>
    public bool Refused { get; private set; }

    public void Refuse(DiagnosticDescriptor rule, Location? at, params string[] arguments)
    {
        _found.Add(Problem.Of(rule, SourceSpan.From(at), arguments));
        Refuse();
    }

    /// <summary>Leaves the handler out where the reason is reported elsewhere.</summary>
    public void Refuse() => Refused = true;

    public EquatableArray<Problem> ToEquatableArray() => _found.ToEquatableArray();
}
