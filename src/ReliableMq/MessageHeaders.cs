namespace ReliableMq;

/// <summary>The headers that the library itself writes and reads.</summary>
internal static class MessageHeaders
{
    /// <summary>What the names of all but the last begin with.</summary>
    public const string Prefix = "x-reliable-mq-";

    /// <summary>Unique to each publish on its channel: tells which publish a return belongs to.</summary>
    public const string PublishSequence = "x-reliable-mq-publish";

    /// <summary>The round of a message that was scheduled again or replayed; absent means 0.</summary>
    public const string Epoch = "x-reliable-mq-epoch";

    /// <summary>When the sender stored the message or, if later, it was due, in Unix milliseconds of its database's clock.</summary>
    public const string SentAt = "x-reliable-mq-sent-at";

    /// <summary>The sender's ordering key: messages with the same one are sent in the order of their commits.</summary>
    public const string OrderingKey = "x-reliable-mq-ordering-key";

    /// <summary>
    /// When the message is worthless, in Unix milliseconds. Not the property <c>expiration</c>, over which the
    /// broker would drop it in its queue.
    /// </summary>
    public const string ExpiresAt = "x-reliable-mq-expires-at";

    /// <summary>Of a handler without an inbox: the number of the attempt that this copy is for; absent means 1.</summary>
    public const string Attempt = "x-reliable-mq-attempt";

    /// <summary>Of a handler without an inbox: until when this copy is held back, in Unix milliseconds.</summary>
    public const string NotBefore = "x-reliable-mq-not-before";

    /// <summary>Of a handler without an inbox: when the message failed at first, in Unix milliseconds.</summary>
    public const string FirstFailedAt = "x-reliable-mq-first-failed-at";

    /// <summary>Of a dead letter without an inbox: why it was given up, for people.</summary>
    public const string DeadReason = "x-reliable-mq-dead-reason";

    /// <summary>The type of the exception behind <see cref="DeadReason"/>.</summary>
    public const string DeadError = "x-reliable-mq-dead-error";

    /// <summary>After how many attempts it was given up.</summary>
    public const string DeadAttempts = "x-reliable-mq-dead-attempts";

    /// <summary>The id of the message whose handling caused this one.</summary>
    public const string CausationId = "x-reliable-mq-causation-id";

    /// <summary>The exchange and the routing key of a message before a copy of it was sent to its queue directly.</summary>
    public const string Exchange = "x-reliable-mq-exchange";

    /// <inheritdoc cref="Exchange"/>
    public const string RoutingKey = "x-reliable-mq-routing-key";

    /// <summary>W3C trace context.</summary>
    public const string TraceParent = "traceparent";
}
