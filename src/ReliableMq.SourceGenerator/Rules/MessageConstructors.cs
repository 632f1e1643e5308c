using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>
/// Whether System.Text.Json finds a constructor: the one marked <c>[JsonConstructor]</c>, else the public one
/// without parameters, else the only public one. Says nothing where an attribute has it done another way.
/// </summary>
internal static class MessageConstructors
{
    /// <summary>What the message has instead of a usable constructor; null where there is one.</summary>
    public static string? Fault(INamedTypeSymbol message)
    {
        var all = message.InstanceConstructors;
        var usable = all.Where(constructor => constructor.DeclaredAccessibility == Accessibility.Public).ToArray();
        return message.IsValueType
            || usable.Length == 1
            || usable.Any(constructor => constructor.Parameters.IsEmpty)
            || all.Any(constructor => constructor.Attribute("System.Text.Json.Serialization.JsonConstructorAttribute") is not null)
            || IsCreatedOtherwise(message)
                ? null
                : usable.Length == 0 ? "no public constructor" : "several public constructors, all with parameters";
    }

    // Own converters may be named by own attributes, which derive from the one of System.Text.Json.
    private static bool IsCreatedOtherwise(INamedTypeSymbol message) =>
        message.GetAttributes().Any(attribute =>
        {
            var type = attribute.AttributeClass;
            while (type is not null
                && !type.Is("System.Text.Json.Serialization.JsonConverterAttribute")
                && !type.Is("System.Text.Json.Serialization.JsonDerivedTypeAttribute"))
            {
                type = type.BaseType;
            }

            return type is not null;
        });
}
