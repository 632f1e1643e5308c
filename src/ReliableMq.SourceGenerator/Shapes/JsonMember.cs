using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>A property or field as System.Text.Json sees it, with the options that ReliableMq gives it.</summary>
/// <param name="Symbol">The property or field.</param>
/// <param name="Type">Its type.</param>
/// <param name="IsWritten">Whether its value is in the body.</param>
/// <param name="IsSettable">Whether a value from the body is put there.</param>
/// <param name="IsIgnored">Whether it is to stay behind.</param>
internal sealed record JsonMember(ISymbol Symbol, ITypeSymbol Type, bool IsWritten, bool IsSettable, bool IsIgnored)
{
    private const string Attributes = "System.Text.Json.Serialization.Json";

    // Another naming policy than the one for the web is not possible, and the case of names does not count there.
    public string JsonName => Symbol.Attribute(Attributes + "PropertyNameAttribute")?.Positional().Value as string ?? Symbol.Name;

    public bool IsExtensionData => Symbol.Attribute(Attributes + "ExtensionDataAttribute") is not null;

    public bool HasConverter => Symbol.HasConverter();

    public string Kind => Symbol is IFieldSymbol ? "Field" : "Property";

    /// <summary>All public members and those marked <c>[JsonInclude]</c>, without those that are hidden by others.</summary>
    public static IEnumerable<JsonMember> Of(INamedTypeSymbol type)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var declaring = type; declaring is not null && declaring.SpecialType is not (SpecialType.System_Object or SpecialType.System_ValueType); declaring = declaring.BaseType)
        {
            foreach (var symbol in declaring.GetMembers())
            {
                if (symbol is { IsStatic: false, IsImplicitlyDeclared: false, CanBeReferencedByName: true } or IPropertySymbol { IsStatic: false, IsIndexer: false, IsImplicitlyDeclared: true }
                    && Read(symbol) is { } member && names.Add(symbol.Name))
                {
                    yield return member;
                }
            }
        }
    }

    private static JsonMember? Read(ISymbol symbol)
    {
        var isIncluded = symbol.Attribute(Attributes + "IncludeAttribute") is not null;
        return symbol switch
        {
            IPropertySymbol { IsIndexer: false } property when isIncluded || IsPublic(property.GetMethod) || IsPublic(property.SetMethod) => new(
                property, property.Type,
                IsPublic(property.GetMethod) || (isIncluded && property.GetMethod is not null),
                IsPublic(property.SetMethod) || (isIncluded && property.SetMethod is not null),
                Ignores(property)),
            IFieldSymbol { IsConst: false, AssociatedSymbol: null } field when isIncluded || field.DeclaredAccessibility == Accessibility.Public => new(
                field, field.Type, isIncluded, isIncluded && !field.IsReadOnly, Ignores(field)),
            _ => null,
        };
    }

    private static bool IsPublic(IMethodSymbol? accessor) => accessor?.DeclaredAccessibility == Accessibility.Public;

    // Only Never, WhenWritingDefault and WhenWritingNull let every value through that matters.
    private static bool Ignores(ISymbol member) =>
        member.Attribute(Attributes + "IgnoreAttribute") is { } ignore && ignore.Named("Condition") is not { Value: 0 or 2 or 3 };
}
