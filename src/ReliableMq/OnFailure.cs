namespace ReliableMq;

/// <summary>What follows when a handler fails with an exception that a rule is about.</summary>
public enum OnFailure
{
    /// <summary>
    /// Another attempt after the next of the queue's delays (<see cref="MessageHandlerAttribute.Retry"/>), or after the
    /// rule's own; when they are used up, the message is dead-lettered. So it is without a rule.
    /// </summary>
    Retry,

    /// <summary>
    /// Handled again at once in this process, each time with new services and a new transaction, up to
    /// <see cref="MessageHandlerAttribute.ImmediateRetries"/> times; then as <see cref="Retry"/>. All of these are one
    /// attempt and have its <see cref="MessageHandlerAttribute.Timeout"/> together.
    /// </summary>
    RetryNow,

    /// <summary>Dead-lettered at once: an operator is told and decides.</summary>
    DeadLetter,

    /// <summary>Never handled: kept among the dead letters as discarded, and nobody is told.</summary>
    Discard,
}
