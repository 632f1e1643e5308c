using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ReliableMq.SourceGenerator;

/// <summary>Whether the receiver's property has the sender's value, although nothing fills it from the body.</summary>
internal enum Arrival
{
    /// <summary>It is computed, constant, or set by what does run.</summary>
    Same,

    /// <summary>Nobody can see it from here.</summary>
    Unknown,

    /// <summary>It was set by what does not run when a message is read.</summary>
    Lost,
}

/// <summary>Looks at what else could give a property its value. Generous: a doubt is no loss.</summary>
internal static class Arrivals
{
    private const string Attributes = "System.Text.Json.Serialization.";

    /// <param name="property">It has no setter that System.Text.Json uses, and no parameter of the constructor fills it.</param>
    /// <param name="type">The class or struct that is read.</param>
    /// <param name="constructor">What runs when it is read; null for a struct's default.</param>
    public static Arrival Of(IPropertySymbol property, INamedTypeSymbol type, IMethodSymbol? constructor)
    {
        if ((property.SetMethod is null && !IsAuto(property))
            || IsPopulated(property) || IsPopulated(property.ContainingType) || IsPopulated(type)
            || type.AllInterfaces.Any(one => one.Is(Attributes + "IJsonOnDeserialized")))
        {
            return Arrival.Same;
        }

        var declarations = property.ContainingType.DeclaringSyntaxReferences;
        if (property.ContainingType.IsCompiled())
        {
            var isCertain = property.SetMethod is not null || IsFilledLater(property.Type);
            return isCertain && constructor is not { Parameters.IsEmpty: false } ? Arrival.Lost : Arrival.Unknown;
        }

        var initial = property.DeclaringSyntaxReferences.Select(reference => reference.GetSyntax()).OfType<PropertyDeclarationSyntax>()
            .Select(declaration => declaration.Initializer?.Value).FirstOrDefault(value => value is not null);
        if (Running(property, type, constructor).Any(running => Sets(running, property.Name))
            || declarations.SelectMany(reference => reference.GetSyntax().DescendantNodes().OfType<AccessorDeclarationSyntax>())
                .Any(accessor => !IsOf(accessor, property) && Assigns(accessor, property.Name))
            || (initial is not null && constructor is not null && Uses(initial, constructor)))
        {
            return Arrival.Same;
        }

        return property.SetMethod is not null || initial is null || IsSetElsewhere(property) || property.ContainingType.InstanceConstructors.Any(other => Uses(initial, other)) ? Arrival.Lost
            : IsConstant(initial) ? Arrival.Same
            : IsFilledLater(property.Type) ? Arrival.Lost
            : Arrival.Unknown;
    }

    /// <summary>The constructors that run, and those that may, where one calls another.</summary>
    private static IEnumerable<SyntaxNode> Running(IPropertySymbol property, INamedTypeSymbol type, IMethodSymbol? constructor)
    {
        if (!SymbolEqualityComparer.Default.Equals(property.ContainingType, type))
        {
            return DeclarationsOf(property.ContainingType);
        }

        var own = constructor?.DeclaringSyntaxReferences.Select(reference => reference.GetSyntax()).OfType<ConstructorDeclarationSyntax>().ToList() ?? [];
        return own.Exists(declaration => declaration.Initializer is { ThisOrBaseKeyword.RawKind: (int)Microsoft.CodeAnalysis.CSharp.SyntaxKind.ThisKeyword }) ? DeclarationsOf(type) : own;
    }

    private static IEnumerable<SyntaxNode> DeclarationsOf(INamedTypeSymbol type) =>
        type.InstanceConstructors.SelectMany(constructor => constructor.DeclaringSyntaxReferences).Select(reference => reference.GetSyntax()).OfType<ConstructorDeclarationSyntax>();

    private static bool IsSetElsewhere(IPropertySymbol property) => DeclarationsOf(property.ContainingType).Any(constructor => Assigns(constructor, property.Name));

    private static bool Uses(ExpressionSyntax value, IMethodSymbol constructor) =>
        Names(value).Intersect(constructor.Parameters.Select(parameter => parameter.Name)).Any();

    // What a method does that it calls is not followed.
    private static bool Sets(SyntaxNode constructor, string property) =>
        Assigns(constructor, property)
        || constructor.DescendantNodes().OfType<InvocationExpressionSyntax>()
            .Any(call => call.Expression is IdentifierNameSyntax or MemberAccessExpressionSyntax { Expression: ThisExpressionSyntax or BaseExpressionSyntax });

    private static bool Assigns(SyntaxNode code, string property) =>
        code.DescendantNodes().Any(node => node switch
        {
            AssignmentExpressionSyntax assignment => Names(assignment.Left).Contains(property),
            ArgumentSyntax { RefKindKeyword.RawKind: not 0 } argument => Names(argument).Contains(property),
            _ => false,
        });

    private static IEnumerable<string> Names(SyntaxNode code) =>
        code.DescendantNodesAndSelf().OfType<IdentifierNameSyntax>().Select(name => name.Identifier.ValueText);

    private static bool IsOf(AccessorDeclarationSyntax accessor, IPropertySymbol property) =>
        accessor.Parent?.Parent is PropertyDeclarationSyntax declaration && declaration.Identifier.ValueText == property.Name;

    private static bool IsAuto(IPropertySymbol property)
    {
        if (property.GetMethod is not { } getter)
        {
            return false;
        }

        // In a compiled assembly the attribute is all that is left of it; the field is private.
        return getter.DeclaringSyntaxReferences.IsEmpty
            ? getter.Attribute("System.Runtime.CompilerServices.CompilerGeneratedAttribute") is not null
            : getter.DeclaringSyntaxReferences.All(reference => reference.GetSyntax() is AccessorDeclarationSyntax { Body: null, ExpressionBody: null })
                && !property.IsAbstract;
    }

    private static bool IsPopulated(ISymbol symbol) => symbol.Attribute(Attributes + "JsonObjectCreationHandlingAttribute") is { } handling && handling.Positional().Value is 1;

    // A literal, or the name of what does not change: not the time.
    private static bool IsConstant(ExpressionSyntax value) =>
        !value.DescendantNodesAndSelf().Any(node => node is BaseObjectCreationExpressionSyntax or InvocationExpressionSyntax { Expression: not IdentifierNameSyntax { Identifier.ValueText: "nameof" } }
            or CollectionExpressionSyntax or ArrayCreationExpressionSyntax or ImplicitArrayCreationExpressionSyntax)
        && !Names(value).Any(name => name.EndsWith("Now", StringComparison.Ordinal) || name is "Today");

    private static bool IsFilledLater(ITypeSymbol type) =>
        type is INamedTypeSymbol { IsValueType: false } named
        && named.AllInterfaces.Prepend(named).Any(one => one is { Name: "ICollection" or "IDictionary" or "IList", Arity: > 0 } && one.ContainingNamespace.ToDisplayString() == "System.Collections.Generic")
        && named.ContainingNamespace.ToDisplayString() is not ("System.Collections.Immutable" or "System.Collections.Frozen")
        && !named.Name.StartsWith("ReadOnly", StringComparison.Ordinal);
}
