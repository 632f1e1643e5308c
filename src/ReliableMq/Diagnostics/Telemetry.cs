using System.Diagnostics;
using ReliableMq.Outbox;
using ReliableMq.Receiving;

namespace ReliableMq.Diagnostics;

/// <summary>
/// Spans by OpenTelemetry's messaging conventions
/// (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/). The trace context stored with
/// the row is the parent of the send, so one trace spans an outage.
/// </summary>
internal static class Telemetry
{
    public const string Name = "ReliableMq";

    private static readonly ActivitySource Source = new(Name);

    public static Activity? StartSend(OutboxRow row)
    {
        var activity = Source.HasListeners()
            ? Tag(Source.StartActivity($"send {row.Exchange}", ActivityKind.Producer, ParentOf(row.TraceParent)), "send", row.Exchange, row.MessageId)
            : null;
        // The client starts a trace of its own where it sees none, and would overwrite the stored one.
        return activity ?? (ParentOf(row.TraceParent) is { } parent && parent != default
            ? new Activity("send").SetParentId(parent.TraceId, parent.SpanId, parent.TraceFlags).Start()
            : null);
    }

    public static Activity? StartProcess(Delivery delivery)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        var activity = Source.StartActivity($"process {delivery.Queue}", ActivityKind.Consumer, ParentOf(delivery.TraceParent));
        return Tag(activity, "process", delivery.Queue, delivery.MessageId);
    }

    private static Activity? Tag(Activity? activity, string operation, string destination, string? messageId) => activity?
        .SetTag("messaging.system", "rabbitmq")
        .SetTag("messaging.operation.name", operation)
        .SetTag("messaging.operation.type", operation)
        .SetTag("messaging.destination.name", destination)
        .SetTag("messaging.message.id", messageId);

    private static ActivityContext ParentOf(string? traceParent) =>
        ActivityContext.TryParse(traceParent, null, isRemote: true, out var context) ? context : default;
}
