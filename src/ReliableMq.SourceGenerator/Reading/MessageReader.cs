using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>Reads the first parameter, which is the message, or says why it cannot be one.</summary>
internal static class MessageReader
{
    public const string AttributeName = "ReliableMq.MessageAttribute";

    public static (string Name, string Type)? Read(IMethodSymbol method, string handler, Compilation compilation, Problems problems)
    {
        if (method.Parameters.IsEmpty)
        {
            problems.Refuse(Rule.NoMessage, method.Locations[0], handler);
            return null;
        }

        var parameter = method.Parameters[0];
        if (!ParameterReader.Check(parameter, handler, compilation, problems))
        {
            return null;
        }

        var at = parameter.Locations[0];
        var type = parameter.Type;
        var shown = type.Shown();
        if (type.Attribute(AttributeName) is not { } attribute)
        {
            problems.Refuse(Rule.FirstIsNotAMessage, at, parameter.Name, handler, shown);
            return null;
        }

        var name = NameOf(attribute);
        if (FaultOf(attribute) is { } fault)
        {
            problems.Refuse();
            if (!SymbolEqualityComparer.Default.Equals(type.ContainingAssembly, compilation.Assembly))
            {
                // Of this assembly's own messages it is said where they are declared, once for all handlers.
                problems.Refuse(Rule.MessageName, at, Printable.Text(name), shown, fault);
            }
        }

        if (Uncreatable(type) is { } why)
        {
            problems.Refuse(Rule.MessageIsAbstract, at, shown, why);
        }
        else if (type.IsGeneric())
        {
            problems.Refuse(Rule.MessageIsGeneric, at, shown, name);
        }
        else if (MessageConstructors.Fault((INamedTypeSymbol)type) is { } constructors)
        {
            problems.Refuse(Rule.MessageConstructor, at, shown, constructors);
        }

        return (name, type.Code());
    }

    /// <summary>Checks a message type of this assembly, handled here or not.</summary>
    public static Problem? Check(GeneratorAttributeSyntaxContext context, CancellationToken _) =>
        context.TargetSymbol is ITypeSymbol type && FaultOf(context.Attributes[0]) is { } fault
            ? Problem.Of(
                Rule.MessageName,
                SourceSpan.From(context.Attributes[0].LocationOf(null)),
                Printable.Text(NameOf(context.Attributes[0])),
                type.Shown(),
                fault)
            : null;

    private static string? FaultOf(AttributeData attribute) =>
        attribute.Positional().Kind == TypedConstantKind.Error
            ? "is unknown while messages are collected"
            : MessageName.Fault(NameOf(attribute));

    private static string NameOf(AttributeData attribute) => attribute.Positional().Value as string ?? "";

    private static string? Uncreatable(ITypeSymbol type) =>
        type.TypeKind == TypeKind.Interface ? "an interface"
        : type.IsStatic ? "static"
        : type.IsAbstract ? "abstract"
        : type.IsRefLikeType ? "a ref struct"
        : null;
}
