using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>
/// The constructor that System.Text.Json takes: the one marked <c>[JsonConstructor]</c>, else of a class the public
/// one without parameters, else the only public one.
/// </summary>
internal static class JsonConstructors
{
    private const string Mark = "System.Text.Json.Serialization.JsonConstructorAttribute";

    /// <returns>Null where there is none, or where a struct needs none.</returns>
    public static IMethodSymbol? Of(INamedTypeSymbol type)
    {
        var marked = Marked(type).FirstOrDefault();
        if (marked is not null || type.IsValueType)
        {
            return marked;
        }

        var usable = Public(type);
        return usable.FirstOrDefault(constructor => constructor.Parameters.IsEmpty) ?? (usable.Length == 1 ? usable[0] : null);
    }

    /// <summary>Why it would not even write the type; null where it would.</summary>
    public static string? WriteFault(INamedTypeSymbol type) =>
        Marked(type).Skip(1).Any() ? "more than one constructor marked with [JsonConstructor]" : null;

    /// <summary>What the type has instead of a usable constructor; null where there is one, or may be: those of a compiled assembly show only if they are public.</summary>
    public static string? ReadFault(INamedTypeSymbol type) =>
        type.IsValueType || type.IsCompiled() || Of(type) is not null ? null
        : Public(type).Length == 0 ? "no public constructor"
        : "several public constructors, all with parameters";

    private static IMethodSymbol[] Public(INamedTypeSymbol type) =>
        [.. type.InstanceConstructors.Where(constructor => constructor.DeclaredAccessibility == Accessibility.Public)];

    private static IEnumerable<IMethodSymbol> Marked(INamedTypeSymbol type) =>
        type.InstanceConstructors.Where(constructor => constructor.Attribute(Mark) is not null);
}
