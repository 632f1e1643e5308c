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

    /// <summary>One message goes on with its trace; a batch has one of its own with links to theirs.</summary>
    public static Activity? StartProcess(ReadOnlySpan<Delivery> deliveries)
    {
        if (!Source.HasListeners() || deliveries.IsEmpty)
        {
            return null;
        }

        if (deliveries is [var single])
        {
            return Tag(Source.StartActivity($"process {single.Queue}", ActivityKind.Consumer, ParentOf(single.TraceParent)), "process", single.Queue, single.MessageId);
        }

        var links = new List<ActivityLink>(deliveries.Length);
        foreach (var delivery in deliveries)
        {
            if (ParentOf(delivery.TraceParent) is var sender && sender != default)
            {
                links.Add(new ActivityLink(sender, new ActivityTagsCollection { ["messaging.message.id"] = delivery.MessageId }));
            }
        }

        var queue = deliveries[0].Queue;
        return Tag(Source.StartActivity($"process {queue}", ActivityKind.Consumer, parentContext: default, links: links), "process", queue, messageId: null)?
            .SetTag("messaging.batch.message_count", deliveries.Length);
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
