using System.Globalization;
using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>Reads what <c>[OnException]</c> says on a method or its class.</summary>
internal static class OnExceptionReader
{
    public const string AttributeName = "ReliableMq.OnExceptionAttribute";

    /// <summary>As generated code names them; their values are their places.</summary>
    private static readonly string[] Outcomes = ["Retry", "RetryNow", "DeadLetter", "Discard"];

    public static EquatableArray<ExceptionRule> Read(ISymbol symbol, string handler, Compilation compilation, Problems problems)
    {
        var rules = new List<ExceptionRule>();
        foreach (var attribute in symbol.GetAttributes().Where(attribute => attribute.AttributeClass?.Is(AttributeName) == true))
        {
            if (Read(attribute, handler, compilation, problems) is not { } rule)
            {
                continue;
            }

            if (rules.Exists(other => other.Type == rule.Type))
            {
                problems.Refuse(Rule.ExceptionTwice, attribute.Location(), symbol is IMethodSymbol ? $"Handler method '{handler}'" : $"Class '{((ITypeSymbol)symbol).Shown()}'", rule.Type.Replace("global::", ""));
            }

            rules.Add(rule);
        }

        return rules.ToEquatableArray();
    }

    private static ExceptionRule? Read(AttributeData attribute, string handler, Compilation compilation, Problems problems)
    {
        // Where one argument cannot be computed, the compiler shows none.
        var arguments = attribute.ConstructorArguments;
        var delay = attribute.Named("Delay");
        if (arguments.Length != 2 || arguments.Any(argument => argument.Kind == TypedConstantKind.Error || argument is { Kind: TypedConstantKind.Type, Value: ITypeSymbol type and not INamedTypeSymbol { IsUnboundGenericType: true } } && !type.IsKnown()) || delay is { Kind: TypedConstantKind.Error })
        {
            problems.Refuse(Rule.Unknown, attribute.Location(), "[OnException]", handler);
            return null;
        }

        var exception = arguments[0].Value as ITypeSymbol;
        if (TypeFault(exception, compilation) is { } fault)
        {
            problems.Refuse(Rule.ExceptionType, attribute.LocationOfArgument(0), exception?.Shown() ?? "null", handler, fault);
            return null;
        }

        if (arguments[1].Value is not int then || then < 0 || then >= Outcomes.Length)
        {
            problems.Refuse(Rule.ExceptionOutcome, attribute.LocationOfArgument(1), Convert.ToString(arguments[1].Value, CultureInfo.InvariantCulture), handler);
            return null;
        }

        var text = delay?.Value as string;
        if (text is not null && (Outcomes[then] == "Retry" ? Durations.DelayFault(text) : $"is set, but the outcome is {Outcomes[then]}, which has none") is { } wrong)
        {
            problems.Refuse(Rule.ExceptionDelay, attribute.LocationOf("Delay"), Printable.Text(text), handler, wrong);
        }

        return new ExceptionRule(exception!.Code(), Outcomes[then], text);
    }

    private static string? TypeFault(ITypeSymbol? type, Compilation compilation) =>
        type is not INamedTypeSymbol named || !named.IsAnException() ? "is no exception"
        : named.IsUnboundGenericType ? "has open type parameters"
        : !named.IsVisibleIn(compilation) ? "cannot be seen by the generated code, so make it public or internal"
        : null;

    private static bool IsAnException(this INamedTypeSymbol type)
    {
        for (var current = type.OriginalDefinition; current is not null; current = current.BaseType)
        {
            if (current.Is("System.Exception"))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A rule that rules nothing.</summary>
    public static Problem? Check(GeneratorAttributeSyntaxContext context, CancellationToken _)
    {
        var (isUsed, shown) = context.TargetSymbol switch
        {
            IMethodSymbol { MethodKind: MethodKind.AnonymousFunction } => (true, ""),
            IMethodSymbol method => (IsHandler(method), $"Method '{method.ContainingType.Shown()}.{method.Name}'"),
            INamedTypeSymbol type => (type.GetMembers().Any(IsHandler), $"Class '{type.Shown()}'"),
            _ => (true, ""),
        };
        return isUsed ? null : Problem.Of(Rule.ExceptionAlone, SourceSpan.From(context.Attributes[0].Location()), shown);

        static bool IsHandler(ISymbol member) => member is IMethodSymbol && member.Attribute(MessageHandlerGenerator.HandlerAttribute) is not null;
    }
}
