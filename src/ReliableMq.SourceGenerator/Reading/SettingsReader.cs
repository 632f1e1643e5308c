using System.Globalization;
using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>Reads what <c>[MessageHandler]</c> says. What is wrong here would otherwise fail the host at its start.</summary>
internal static class SettingsReader
{
    private const int MaxConcurrency = 1000;

    // RabbitMQ's limit for consumers of quorum queues.
    private const int MaxPrefetch = 2000;

    public static HandlerSettings Read(AttributeData attribute, string handler, Problems problems)
    {
        var queue = Value<string>(null, attribute.Positional()) ?? "";
        if (attribute.Positional().Kind != TypedConstantKind.Error && QueueName.Fault(queue) is { } fault)
        {
            problems.Refuse(Rule.QueueName, attribute.LocationOf(null), Printable.Text(queue), handler, fault);
        }

        return new HandlerSettings(
            queue,
            Retry: Text("Retry", Rule.Retry, Durations.RetryFault),
            Timeout: Text("Timeout", Rule.Timeout, Durations.TimeoutFault),
            Concurrency: Number("Concurrency", Rule.Concurrency, MaxConcurrency),
            Prefetch: Number("Prefetch", Rule.Prefetch, MaxPrefetch));

        string? Text(string property, DiagnosticDescriptor rule, Func<string, string?> faultOf)
        {
            var text = Value<string>(property, attribute.Named(property));
            if (text is not null && faultOf(text) is { } found)
            {
                problems.Refuse(rule, attribute.LocationOf(property), Printable.Text(text), handler, found);
            }

            return text;
        }

        int Number(string property, DiagnosticDescriptor rule, int max)
        {
            var number = Value<int>(property, attribute.Named(property));
            if (number < 0 || number > max)
            {
                problems.Refuse(rule, attribute.LocationOf(property), number.ToString(CultureInfo.InvariantCulture), handler);
            }

            return number;
        }

        T? Value<T>(string? property, TypedConstant? constant)
        {
            if (constant is { Kind: TypedConstantKind.Error })
            {
                problems.Refuse(Rule.Unknown, attribute.LocationOf(property), $"value of '{property ?? "queue"}'", handler);
            }

            return constant is { Kind: TypedConstantKind.Primitive, Value: T value } ? value : default;
        }
    }
}
