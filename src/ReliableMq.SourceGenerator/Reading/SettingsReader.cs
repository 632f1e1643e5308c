using System.Globalization;
using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>Reads what <c>[MessageHandler]</c> says. What is wrong here would otherwise fail the host at its start.</summary>
internal static class SettingsReader
{
    private const int MaxConcurrency = 1000;

    // RabbitMQ's limit for consumers of quorum queues.
    private const int MaxPrefetch = 2000;

    private const int MaxBatchSize = 1000;
    private const int DefaultBatchSize = 100;
    private const int MaxImmediateRetries = 10;
    private const int NothingSaid = -1;

    /// <summary>As generated code names them; their values are their places.</summary>
    private static readonly string[] Orders = ["None", "OneAtATime", "ByKey"];

    public static HandlerSettings Read(AttributeData attribute, string handler, Compilation compilation, Problems problems)
    {
        var queue = Value<string>(null, attribute.Positional()) ?? "";
        if (attribute.Positional().Kind != TypedConstantKind.Error && QueueName.Fault(queue) is { } fault)
        {
            problems.Refuse(Rule.QueueName, attribute.LocationOf(null), Printable.Text(queue), handler, fault);
        }

        return new HandlerSettings(queue)
        {
            Retry = Text("Retry", Rule.Retry, Durations.RetryFault),
            RetryFor = Text("RetryFor", Rule.RetryFor, Durations.DelayFault),
            ImmediateRetries = ImmediateRetries(),
            DelayedRetry = Text("DelayedRetry", Rule.DelayedRetry, Durations.DelayedRetryFault),
            Timeout = Text("Timeout", Rule.Timeout, Durations.TimeoutFault),
            Concurrency = Number("Concurrency", Rule.Concurrency, MaxConcurrency),
            Prefetch = Number("Prefetch", Rule.Prefetch, MaxPrefetch),
            Inbox = Inbox(),
            Order = Order(),
            DeriveMessageIds = Value<bool>("DeriveMessageIds", attribute.Named("DeriveMessageIds")),
            BatchSize = Number("BatchSize", Rule.BatchSize, MaxBatchSize),
            Linger = Text("Linger", Rule.Linger, Durations.LingerFault),
        };

        int? ImmediateRetries()
        {
            if (attribute.Named("ImmediateRetries") is not { } constant)
            {
                return null;
            }

            var number = Value<int>("ImmediateRetries", constant);
            if (number < NothingSaid || number > MaxImmediateRetries)
            {
                problems.Refuse(Rule.ImmediateRetries, attribute.LocationOf("ImmediateRetries"), number.ToString(CultureInfo.InvariantCulture), handler);
            }

            return number == NothingSaid ? null : number;
        }

        string? Inbox()
        {
            if (attribute.Named("Inbox") is not { Kind: TypedConstantKind.Type, Value: ITypeSymbol type })
            {
                _ = Value<string>("Inbox", attribute.Named("Inbox"));
                return null;
            }

            if (Inboxes.Fault(type, compilation) is { } found)
            {
                problems.Refuse(Rule.Inbox, attribute.LocationOf("Inbox"), type.Shown(), handler, found);
            }

            return type.Code();
        }

        string? Order()
        {
            var constant = attribute.Named("Order");
            if (constant is not { Kind: TypedConstantKind.Enum, Value: int value })
            {
                _ = Value<string>("Order", constant);
                return null;
            }

            if (value < 0 || value >= Orders.Length)
            {
                problems.Refuse(Rule.Order, attribute.LocationOf("Order"), value.ToString(CultureInfo.InvariantCulture), handler);
                return null;
            }

            return value == 0 ? null : Orders[value];
        }

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

    /// <summary>Settings that do not fit each other.</summary>
    public static void CheckOrder(AttributeData attribute, HandlerSettings settings, string handler, Problems problems)
    {
        if (settings is { Order: { } order, DelayedRetry: not null })
        {
            problems.Refuse(Rule.DelayInOrder, attribute.LocationOf("DelayedRetry"), handler, order);
        }
    }

    /// <summary>Settings that do not fit batches, and those that say nothing to a handler of single messages.</summary>
    public static void CheckBatch(AttributeData attribute, HandlerSettings settings, HandledMessage message, string handler, Problems problems)
    {
        if (message.IsBatch)
        {
            if (settings.Order is { } order)
            {
                problems.Refuse(Rule.OrderOfBatches, attribute.LocationOf("Order"), handler, order);
            }

            var size = settings.BatchSize == 0 ? DefaultBatchSize : settings.BatchSize;
            if (settings.Prefetch > 0 && size > settings.Prefetch)
            {
                problems.Refuse(Rule.NeverFull, attribute.LocationOf("Prefetch"), handler,
                    size.ToString(CultureInfo.InvariantCulture), settings.Prefetch.ToString(CultureInfo.InvariantCulture));
            }

            return;
        }

        Refuse("BatchSize", settings.BatchSize != 0);
        Refuse("Linger", settings.Linger is not null);

        void Refuse(string property, bool isSet)
        {
            if (isSet)
            {
                problems.Refuse(Rule.NotABatch, attribute.LocationOf(property), handler, property, message.Type.Replace("global::", ""));
            }
        }
    }
}
