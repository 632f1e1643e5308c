namespace ReliableMq;

/// <summary>
/// Gives exchanges and dead-letter queues their names. Register one as a singleton to replace what
/// <see cref="TopologyOptions.Naming"/> offers. Senders and receivers of a message need the same policy.
/// </summary>
/// <remarks>
/// The answer to a question must not change while the application runs. Names have 1 to 255 bytes of UTF-8.
/// The routing key of a message is always its name.
/// </remarks>
public interface INamingPolicy
{
    /// <summary>The topic exchange to which a message is published.</summary>
    /// <param name="messageName">Such as <c>orders.order-placed.v1</c>.</param>
    /// <param name="target">What <see cref="MessageAttribute.Target"/> says; null where it says nothing.</param>
    string ExchangeOf(string messageName, string? target);

    /// <summary>The queue that takes what cannot be handled from another queue.</summary>
    string DeadLetterQueueOf(string queue);

    /// <summary>What a handler's queue should be called instead; null where the name it has is fine.</summary>
    /// <param name="queue">The name that <see cref="MessageHandlerAttribute"/> gives.</param>
    /// <param name="messageName">The message that the handler takes from it.</param>
    /// <param name="target">What <see cref="MessageAttribute.Target"/> says; null where it says nothing.</param>
    string? ExpectedQueue(string queue, string messageName, string? target) => null;
}
