namespace ReliableMq;

/// <summary>The headers that the library itself writes and reads.</summary>
internal static class MessageHeaders
{
    /// <summary>Unique to each publish on its channel: tells which publish a return belongs to.</summary>
    public const string PublishSequence = "x-reliable-mq-publish";

    /// <summary>The round of a message that was scheduled again or replayed; absent means 0.</summary>
    public const string Epoch = "x-reliable-mq-epoch";

    /// <summary>When the sender staged the message, in Unix milliseconds of its database's clock.</summary>
    public const string SentAt = "x-reliable-mq-sent-at";

    /// <summary>The id of the message whose handling caused this one.</summary>
    public const string CausationId = "x-reliable-mq-causation-id";

    /// <summary>W3C trace context.</summary>
    public const string TraceParent = "traceparent";
}
