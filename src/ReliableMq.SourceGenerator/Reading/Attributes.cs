using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ReliableMq.SourceGenerator;

/// <summary>What an attribute says, and where. A value that the compiler could not compute has the kind Error.</summary>
internal static class Attributes
{
    public static AttributeData? Attribute(this ISymbol symbol, string fullName) =>
        symbol.GetAttributes().FirstOrDefault(attribute => attribute.AttributeClass?.Is(fullName) == true);

    /// <summary>The only positional argument.</summary>
    public static TypedConstant Positional(this AttributeData attribute) => attribute.ConstructorArguments.FirstOrDefault();

    /// <summary>A property that the attribute sets; null where it does not.</summary>
    public static TypedConstant? Named(this AttributeData attribute, string property)
    {
        foreach (var argument in attribute.NamedArguments)
        {
            if (argument.Key == property)
            {
                return argument.Value;
            }
        }

        return null;
    }

    public static Location? Location(this AttributeData attribute) => attribute.Syntax()?.GetLocation();

    /// <summary>The place of that property, or of the positional argument for null; else of the whole attribute.</summary>
    public static Location? LocationOf(this AttributeData attribute, string? property) =>
        attribute.Syntax()?.ArgumentList?.Arguments
            .FirstOrDefault(argument => argument.NameEquals?.Name.Identifier.ValueText == property)?
            .Expression.GetLocation()
        ?? attribute.Location();

    /// <summary>The place of a positional argument that may be named; else of the whole attribute.</summary>
    public static Location? LocationOfArgument(this AttributeData attribute, int position)
    {
        var name = attribute.AttributeConstructor?.Parameters[position].Name;
        var arguments = attribute.Syntax()?.ArgumentList?.Arguments;
        return (arguments?.FirstOrDefault(argument => argument.NameColon?.Name.Identifier.ValueText == name)
            ?? arguments?.ElementAtOrDefault(position))?.Expression.GetLocation() ?? attribute.Location();
    }

    private static AttributeSyntax? Syntax(this AttributeData attribute) =>
        attribute.ApplicationSyntaxReference?.GetSyntax() as AttributeSyntax;
}
