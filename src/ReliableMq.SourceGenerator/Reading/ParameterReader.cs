using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>What holds for every parameter of a handler, the message and the others.</summary>
internal static class ParameterReader
{
    /// <summary>Whether it makes sense to look closer; problems are reported.</summary>
    public static bool Check(IParameterSymbol parameter, string handler, Compilation compilation, Problems problems)
    {
        var at = parameter.Locations[0];
        if (parameter.RefKind != RefKind.None)
        {
            problems.Refuse(Rule.ByReference, at, parameter.Name, handler, Word(parameter.RefKind));
            return false;
        }

        // A mistyped name is an error of the compiler already. But what another generator writes is just as
        // unknown here, and compiles: without an error of ours the handler would silently not exist.
        if (!parameter.Type.IsKnown())
        {
            problems.Refuse(Rule.Unknown, at, $"type '{parameter.Type.Shown()}' of parameter '{parameter.Name}'", handler);
            return false;
        }

        if (!parameter.Type.IsVisibleIn(compilation))
        {
            problems.Refuse(Rule.ParameterNotAccessible, at, parameter.Name, handler, parameter.Type.Shown());
            return false;
        }

        return true;
    }

    private static string Word(RefKind kind) => kind switch
    {
        RefKind.Ref => "ref",
        RefKind.Out => "out",
        RefKind.In => "in",
        _ => "ref readonly",
    };
}
