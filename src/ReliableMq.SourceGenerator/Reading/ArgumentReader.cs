using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ReliableMq.SourceGenerator;

/// <summary>Turns a parameter after the message into the expression that the generated code passes for it.</summary>
internal static class ArgumentReader
{
    private static readonly Argument Refused = new("");

    private const string Services = "global::Microsoft.Extensions.DependencyInjection.ServiceProviderServiceExtensions";
    private const string KeyedServices = "global::Microsoft.Extensions.DependencyInjection.ServiceProviderKeyedServiceExtensions";

    public static Argument Read(IParameterSymbol parameter, HandledMessage? message, string handler, Compilation compilation, Problems problems)
    {
        if (!ParameterReader.Check(parameter, handler, compilation, problems))
        {
            return Refused;
        }

        var type = parameter.Type;
        var at = parameter.Locations[0];
        var element = Collections.ElementOf(type);
        if ((element ?? type).Attribute(MessageReader.AttributeName) is not null)
        {
            // Without a message before it, it is the message in the wrong place, which is reported already.
            if (message is not null)
            {
                problems.Refuse(Rule.SecondMessage, at, parameter.Name, handler, type.Shown());
            }

            return Refused;
        }

        var isBatch = message is { IsBatch: true };
        if ((element ?? type).Is("ReliableMq.MessageContext"))
        {
            if (message is not null && !(isBatch ? Collections.IsReadOnlyList(type) : element is null))
            {
                problems.Refuse(Rule.OtherContext, at, parameter.Name, handler, type.Shown(),
                    isBatch ? "batches" : "single messages", isBatch ? "IReadOnlyList<MessageContext>" : "MessageContext");
            }

            return new Argument(isBatch ? "contexts" : "context");
        }

        if (type.Is("System.Threading.CancellationToken"))
        {
            // All contexts of a batch have the same.
            return new Argument(isBatch ? "contexts[0].CancellationToken" : "context.CancellationToken");
        }

        var keyed = parameter.Attribute("Microsoft.Extensions.DependencyInjection.FromKeyedServicesAttribute");
        var key = keyed is null ? null : KeyOf(keyed, compilation);
        if (!CanBeService(type, keyed is not null) || (keyed is not null && key is null))
        {
            problems.Refuse(Rule.NotAService, at, parameter.Name, handler, type.Shown());
            return Refused;
        }

        // A parameter that may be null asks for a service that may be missing.
        var isOptional = IsOptional(parameter);
        var get = isOptional ? "Get" : "GetRequired";
        return new Argument(
            key is null ? $"{Services}.{get}Service<{type.Code()}>(services)" : $"{KeyedServices}.{get}KeyedService<{type.Code()}>(services, {key})",
            isOptional ? null : $"({Literal(parameter.Name)}, typeof({type.Code()}), {key ?? "null"})");
    }

    private static bool IsOptional(IParameterSymbol parameter) =>
        parameter.NullableAnnotation == NullableAnnotation.Annotated
        || parameter is { HasExplicitDefaultValue: true, ExplicitDefaultValue: null };

    // Values and texts get their meaning from a name that no container knows: mostly a forgotten [Message] or option.
    private static bool CanBeService(ITypeSymbol type, bool isKeyed) =>
        !type.IsValueType
        && type.TypeKind is not (TypeKind.Pointer or TypeKind.FunctionPointer or TypeKind.Dynamic)
        && (isKeyed || type.SpecialType is not (SpecialType.System_String or SpecialType.System_Object));

    /// <summary>The key as a constant of exactly its type, since keys are compared by <c>Equals</c>.</summary>
    private static string? KeyOf(AttributeData keyed, Compilation compilation) => keyed.Positional() switch
    {
        { IsNull: true } => "null",
        { Kind: TypedConstantKind.Type, Value: ITypeSymbol type } when type.IsVisibleIn(compilation) => $"typeof({type.Code()})",
        { Kind: TypedConstantKind.Enum, Type: { } type, Value: { } value } when type.IsVisibleIn(compilation) => $"({type.Code()})({Literal(value)})",
        { Kind: TypedConstantKind.Primitive, Value: string value } => Literal(value),
        { Kind: TypedConstantKind.Primitive, Type: { } type, Value: { } value } => $"({type.Code()})({Literal(value)})",
        _ => null,
    };

    private static string Literal(object value) =>
        SymbolDisplay.FormatPrimitive(value, quoteStrings: true, useHexadecimalNumbers: false);
}
