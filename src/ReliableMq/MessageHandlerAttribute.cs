namespace ReliableMq;

/// <summary>
/// Marks a public method as the handler of a message. The first parameter is the message; then, in any
/// order, <see cref="MessageContext"/>, <see cref="CancellationToken"/> and services. It returns
/// <see cref="Task"/>, <see cref="ValueTask"/> or nothing.
/// </summary>
/// <remarks>
/// What the attribute says is the default; <c>ReliableMq:Queues:&lt;queue&gt;</c> in the configuration
/// overrides it. All handlers of one queue share its settings.
/// </remarks>
/// <param name="queue">The queue it consumes, such as <c>billing.order-placed</c>.</param>
[AttributeUsage(AttributeTargets.Method, Inherited = false)]
public sealed class MessageHandlerAttribute(string queue) : Attribute
{
    /// <summary>The queue it consumes.</summary>
    public string Queue { get; } = queue;

    /// <summary>
    /// The delays before each further attempt, such as <c>"1s, 10s, 1m, 10m"</c>: four delays are five
    /// attempts, then the message is dead-lettered. Units: <c>ms</c>, <c>s</c>, <c>m</c>, <c>h</c>.
    /// An empty text means a single attempt.
    /// </summary>
    /// <value>Default: <c>"1s, 10s, 1m, 10m"</c>.</value>
    public string? Retry { get; set; }

    /// <summary>How many messages of the queue this process handles at once.</summary>
    /// <value>0 means the default, 8. From 1 to 1000.</value>
    public int Concurrency { get; set; }

    /// <summary>How many unsettled messages the broker may hand to this process.</summary>
    /// <value>0 means the default, 200. From 1 to 2000, the most that a quorum queue allows.</value>
    public int Prefetch { get; set; }

    /// <summary>
    /// The longest time one attempt may take, such as <c>"30s"</c>. Past it the handler's token is cancelled
    /// and the attempt has failed. A delivery that found no free handler within 10 minutes of its receipt
    /// goes back to the queue, so that both together stay below the broker's own consumer timeout.
    /// </summary>
    /// <value>Default: <c>"5m"</c>. At most 10 minutes, a third of RabbitMQ's own consumer timeout.</value>
    public string? Timeout { get; set; }
}
