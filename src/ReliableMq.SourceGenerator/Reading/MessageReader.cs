using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>Reads the first parameter, which is the message, or says why it cannot be one.</summary>
internal static class MessageReader
{
    public const string AttributeName = "ReliableMq.MessageAttribute";

    public static HandledMessage? Read(IMethodSymbol method, string handler, Compilation compilation, Problems problems)
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
        var isBatch = Collections.IsReadOnlyList(parameter.Type);
        var type = isBatch ? Collections.ElementOf(parameter.Type)! : parameter.Type;
        var shown = type.Shown();
        if (!isBatch && Collections.ElementOf(type) is { } element && element.Attribute(AttributeName) is not null)
        {
            problems.Refuse(Rule.OtherCollection, at, parameter.Name, handler, shown, element.Shown());
            return null;
        }

        if (type.Attribute(AttributeName) is not { } attribute)
        {
            problems.Refuse(Rule.FirstIsNotAMessage, at, parameter.Name, handler, parameter.Type.Shown());
            return null;
        }

        var name = NameOf(attribute);
        foreach (var fault in FaultsOf(type, attribute))
        {
            problems.Refuse();
            if (!SymbolEqualityComparer.Default.Equals(type.ContainingAssembly, compilation.Assembly))
            {
                // Of this assembly's own messages it is said where they are declared, once for all handlers.
                problems.Refuse(fault.Rule, at, [.. fault.Arguments]);
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

        return new HandledMessage(name, AliasesOf(attribute).Select(alias => alias.Text).ToEquatableArray(), type.Code(), isBatch);
    }

    /// <summary>Checks a message type of this assembly, handled here or not.</summary>
    public static EquatableArray<Problem> Check(GeneratorAttributeSyntaxContext context, CancellationToken _) =>
        context.TargetSymbol is ITypeSymbol type
            ? FaultsOf(type, context.Attributes[0]).ToEquatableArray()
            : default;

    private static IEnumerable<Problem> FaultsOf(ITypeSymbol type, AttributeData attribute)
    {
        if (FaultOf(attribute.Positional()) is { } fault)
        {
            yield return Problem.Of(Rule.MessageName, At(null), Printable.Text(NameOf(attribute)), type.Shown(), fault);
        }

        var known = new HashSet<string>(StringComparer.Ordinal) { NameOf(attribute) };
        foreach (var (alias, text) in AliasesOf(attribute))
        {
            if (FaultOf(alias) is { } aliasFault)
            {
                yield return Problem.Of(Rule.Alias, At("Aliases"), Printable.Text(text), type.Shown(), aliasFault);
            }
            else if (!known.Add(text))
            {
                yield return Problem.Of(Rule.Alias, At("Aliases"), text, type.Shown(), "is a name that it has already");
            }
        }

        for (var ancestor = type.BaseType; ancestor is not null; ancestor = ancestor.BaseType)
        {
            if (ancestor.Attribute(AttributeName) is not null)
            {
                yield return Problem.Of(Rule.DerivedMessage, SourceSpan.From(type.Locations.FirstOrDefault()), type.Shown(), ancestor.Shown());
                yield break;
            }
        }

        SourceSpan? At(string? property) => SourceSpan.From(attribute.LocationOf(property));
    }

    private static string? FaultOf(TypedConstant name) =>
        name.Kind == TypedConstantKind.Error
            ? "is unknown while messages are collected"
            : MessageName.Fault(name.Value as string);

    private static IEnumerable<(TypedConstant Alias, string Text)> AliasesOf(AttributeData attribute) =>
        attribute.Named("Aliases") is not { } aliases ? []
        : aliases.Kind == TypedConstantKind.Array ? (aliases.IsNull ? [] : aliases.Values.Select(alias => (alias, alias.Value as string ?? "")))
        : [(aliases, "")];

    private static string NameOf(AttributeData attribute) => attribute.Positional().Value as string ?? "";

    private static string? Uncreatable(ITypeSymbol type) =>
        type.TypeKind == TypeKind.Interface ? "an interface"
        : type.IsStatic ? "static"
        : type.IsAbstract ? "abstract"
        : type.IsRefLikeType ? "a ref struct"
        : null;
}
