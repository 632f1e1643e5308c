using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>Reads one method marked with <c>[MessageHandler]</c>, or says why it cannot be a handler.</summary>
internal static class HandlerReader
{
    public static HandlerReading Read(GeneratorAttributeSyntaxContext context, CancellationToken _)
    {
        var problems = new Problems();

        // On anything else the attribute is an error of the compiler.
        var handler = context.TargetSymbol is IMethodSymbol method
            ? Read(method, context.Attributes[0], context.SemanticModel.Compilation, problems)
            : null;

        return new HandlerReading(
            problems.Refused ? null : handler,
            SourceSpan.From(context.TargetSymbol.Locations.FirstOrDefault()),
            problems.ToEquatableArray());
    }

    private static Handler? Read(IMethodSymbol method, AttributeData attribute, Compilation compilation, Problems problems)
    {
        if (method.MethodKind != MethodKind.Ordinary)
        {
            var what = method.MethodKind == MethodKind.AnonymousFunction ? "lambda expression" : method.Name;
            problems.Refuse(Rule.NotAMethod, attribute.Location(), what);
            return null;
        }

        var type = method.ContainingType;
        var name = type.Shown() + "." + method.Name;
        MethodReader.Check(method, name, compilation, problems);
        var returns = MethodReader.Returns(method, name, problems);
        var settings = SettingsReader.Read(attribute, name, compilation, problems);
        SettingsReader.CheckOrder(attribute, settings, name, problems);
        var bindings = BindingReader.Read(method, name, problems);
        var rules = OnExceptionReader.Read(method, name, compilation, problems);
        var rulesOfClass = OnExceptionReader.Read(type, name, compilation, problems);

        // What a type parameter stands for is unknown, so all that could be said of it would be noise.
        if (type.IsGeneric() || method.IsGenericMethod)
        {
            return null;
        }

        var message = MessageReader.Read(method, name, compilation, problems);
        var arguments = method.Parameters.Skip(1)
            .Select(parameter => ArgumentReader.Read(parameter, message, name, compilation, problems))
            .ToEquatableArray();

        if (message is null)
        {
            return null;
        }

        SettingsReader.CheckBatch(attribute, settings, message, name, problems);
        return new Handler(
            name, type.Code(), Symbols.Identifier(method.Name), method.IsStatic, returns,
            message.Name, message.Aliases, message.Type, message.IsBatch, arguments, settings, bindings, rules, rulesOfClass);
    }
}
