using System.Text;
using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>Reads what <c>[Binding]</c> says.</summary>
internal static class BindingReader
{
    public const string AttributeName = "ReliableMq.BindingAttribute";

    // RabbitMQ keeps both in short strings.
    private const int MaxBytes = 255;

    public static EquatableArray<QueueBinding> Read(IMethodSymbol method, string handler, Problems problems)
    {
        var bindings = new List<QueueBinding>();
        foreach (var attribute in method.GetAttributes().Where(attribute => attribute.AttributeClass?.Is(AttributeName) == true))
        {
            // Where one argument cannot be computed, the compiler shows none.
            var arguments = attribute.ConstructorArguments;
            if (arguments.Length != 2 || arguments.Any(argument => argument.Kind == TypedConstantKind.Error))
            {
                problems.Refuse(Rule.Unknown, attribute.Location(), "[Binding]", handler);
                continue;
            }

            bindings.Add(new QueueBinding(
                Read(arguments[0], 0, "Exchange", "is empty, but nothing can be bound to the default exchange; name another"),
                Read(arguments[1], 1, "Pattern", "is empty; write '#' for all messages of the exchange")));

            string Read(TypedConstant constant, int position, string what, string whenEmpty)
            {
                var text = constant.Value as string ?? "";
                var fault = text.Length == 0 ? whenEmpty
                    : Encoding.UTF8.GetByteCount(text) is var bytes and > MaxBytes ? $"has {bytes} bytes in UTF-8; use at most {MaxBytes}"
                    : null;
                if (fault is not null)
                {
                    problems.Refuse(Rule.Binding, attribute.LocationOfArgument(position), what, text, handler, fault);
                }

                return text;
            }
        }

        return bindings.Distinct().ToEquatableArray();
    }

    /// <summary>A binding that binds nothing.</summary>
    public static Problem? Check(GeneratorAttributeSyntaxContext context, CancellationToken _) =>
        context.TargetSymbol is IMethodSymbol method && method.Attribute(MessageHandlerGenerator.HandlerAttribute) is null
            ? Problem.Of(
                Rule.BindingAlone,
                SourceSpan.From(context.Attributes[0].Location()),
                method.MethodKind == MethodKind.AnonymousFunction ? "lambda expression" : method.ContainingType.Shown() + "." + method.Name)
            : null;
}
