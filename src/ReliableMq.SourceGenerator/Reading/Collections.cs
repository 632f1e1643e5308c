using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>
/// The list that a batch handler takes, and the framework's collections that look like it. A service may be enumerable
/// without being meant here.
/// </summary>
internal static class Collections
{
    /// <summary>What it is a collection of; null where it is none.</summary>
    public static ITypeSymbol? ElementOf(ITypeSymbol type) => type switch
    {
        IArrayTypeSymbol array => array.ElementType,
        INamedTypeSymbol { Arity: 1 } named when named.ContainingNamespace?.ToDisplayString().StartsWith("System.Collections.", StringComparison.Ordinal) == true
            && named.WithInterfaces().Any(one => one.OriginalDefinition.SpecialType == SpecialType.System_Collections_Generic_IEnumerable_T) => named.TypeArguments[0],
        _ => null,
    };

    public static bool IsReadOnlyList(ITypeSymbol type) =>
        type.OriginalDefinition.SpecialType == SpecialType.System_Collections_Generic_IReadOnlyList_T;

    private static IEnumerable<INamedTypeSymbol> WithInterfaces(this INamedTypeSymbol type) => type.AllInterfaces.Prepend(type);
}
