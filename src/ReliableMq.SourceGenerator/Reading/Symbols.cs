using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ReliableMq.SourceGenerator;

/// <summary>Questions about types that several readers ask.</summary>
internal static class Symbols
{
    private static readonly SymbolDisplayFormat FullName =
        new(typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypesAndNamespaces);

    /// <summary>The type as an error message shows it.</summary>
    public static string Shown(this ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.CSharpErrorMessageFormat);

    /// <summary>The type as generated code names it, whatever is in scope there.</summary>
    public static string Code(this ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);

    /// <summary>A name as C#: <c>event</c> becomes <c>@event</c>.</summary>
    public static string Identifier(string name) =>
        SyntaxFacts.GetKeywordKind(name) == SyntaxKind.None ? name : "@" + name;

    /// <summary>Whether the type has this full name and no type parameters.</summary>
    public static bool Is(this ITypeSymbol type, string fullName) =>
        type is INamedTypeSymbol { Arity: 0 } && type.ToDisplayString(FullName) == fullName;

    /// <summary>Whether code in another file of the assembly may name the type.</summary>
    public static bool IsVisibleIn(this ITypeSymbol type, Compilation compilation) =>
        compilation.IsSymbolAccessibleWithin(type, compilation.Assembly)
        && !type.WithContainers().Any(container => container.IsFileLocal);

    public static bool IsGeneric(this ITypeSymbol type) => type.WithContainers().Any(container => container.Arity > 0);

    /// <summary>Whether the compiler knows the type and all that it is made of.</summary>
    public static bool IsKnown(this ITypeSymbol type) => type switch
    {
        IErrorTypeSymbol => false,
        IArrayTypeSymbol array => array.ElementType.IsKnown(),
        INamedTypeSymbol named => named.TypeArguments.All(IsKnown),
        _ => true,
    };

    /// <summary>Whether its source, and what is private in it, cannot be seen.</summary>
    public static bool IsCompiled(this ISymbol symbol) => symbol.DeclaringSyntaxReferences.IsEmpty;

    private static IEnumerable<INamedTypeSymbol> WithContainers(this ITypeSymbol type)
    {
        for (var current = type as INamedTypeSymbol; current is not null; current = current.ContainingType)
        {
            yield return current;
        }
    }
}
