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
    /// attempts, then the message is dead-lettered. Or doubling ones, <c>"1s..10m x12"</c>: the first, the longest and
    /// how many; each is up to a fifth shorter or longer, so that what failed together does not come back together.
    /// Units: <c>ms</c>, <c>s</c>, <c>m</c>, <c>h</c>. An empty text means a single attempt.
    /// </summary>
    /// <value>Default: <c>"1s, 10s, 1m, 10m"</c>.</value>
    public string? Retry { get; set; }

    /// <summary>
    /// The total time for attempts, such as <c>"24h"</c>: when the next would begin later than this after the first
    /// failure, the message is dead-lettered instead, also where a handler or a rule asks for it.
    /// </summary>
    /// <value>Default: null, no limit but the number of attempts. From 1 ms to 365 days.</value>
    public string? RetryFor { get; set; }

    /// <summary>
    /// How often an attempt is repeated at once where a rule says <see cref="OnFailure.RetryNow"/>, as one does for
    /// PostgreSQL's serialization failures and deadlocks. A random pause of up to 0.1 s lies before each.
    /// </summary>
    /// <value>Default: 3. From 0 to 10; -1 means that nothing is said here.</value>
    public int ImmediateRetries { get; set; } = -1;

    /// <summary>How many messages of the queue this process handles at once.</summary>
    /// <value>0 means the default: 8, and 1 in a queue of <see cref="QueueOrder.OneAtATime"/>, which allows no more. From 1 to 1000.</value>
    public int Concurrency { get; set; }

    /// <summary>How many unsettled messages the broker may hand to this process.</summary>
    /// <value>0 means the default: 200, or twice concurrency times batch size where that is more. From 1 to 2000, the most that a quorum queue allows.</value>
    public int Prefetch { get; set; }

    /// <summary>
    /// The longest time one attempt may take, such as <c>"30s"</c>. Past it the handler's token is cancelled
    /// and the attempt has failed. A delivery that found no free handler within 10 minutes of its receipt
    /// goes back to the queue, so that both together stay below the broker's own consumer timeout.
    /// </summary>
    /// <value>
    /// Default: <c>"5m"</c>. At most 10 minutes, a third of RabbitMQ's own consumer timeout. Where the broker has
    /// another (<see cref="BrokerOptions.ConsumerTimeout"/>), these two times are a third of that; a longer timeout
    /// than 10 minutes then stands in the configuration.
    /// </value>
    public string? Timeout { get; set; }

    /// <summary>
    /// The context, registered with <c>AddInbox</c>, in whose transaction the messages are handled, or
    /// <c>typeof(NpgsqlDataSource)</c>. All handlers of a queue have the same.
    /// </summary>
    /// <value>Default: null, the service's only inbox.</value>
    public Type? Inbox { get; set; }

    /// <summary>Whether, and by what, the queue's messages are handled one after the other.</summary>
    /// <value>Default: <see cref="QueueOrder.None"/>.</value>
    public QueueOrder Order { get; set; }

    /// <summary>
    /// Whether a message without an id gets one from where it came from and what it contains, so that it is
    /// handled once: for foreign senders that give none. Two messages that are meant to be the same twice are
    /// then one.
    /// </summary>
    /// <value>Default: false. A message without an id is dead-lettered.</value>
    public bool DeriveMessageIds { get; set; }

    /// <summary>
    /// For a handler of an <see cref="IReadOnlyList{T}"/> of messages: how many it gets at most. They share a
    /// transaction. Concurrency then counts batches.
    /// </summary>
    /// <value>0 means the default, 100. From 1 to 1000.</value>
    public int BatchSize { get; set; }

    /// <summary>
    /// Lets the broker itself delay what is tried again within half a minute, instead of holding it in the process:
    /// its shortest and longest delay, such as <c>"1s..10s"</c>, of which the n-th takes n times the shortest. Needs
    /// RabbitMQ 4.3; with an older one deliveries are held as ever. The queue is declared with it, so an existing one has to
    /// be made anew. Not for queues with an <see cref="Order"/>.
    /// </summary>
    /// <value>Default: null, deliveries are held. From 100 ms to 30 s.</value>
    public string? DelayedRetry { get; set; }

    /// <summary>How long a batch waits to become full, from its first message on, such as <c>"200ms"</c>.</summary>
    /// <value>Default: <c>"50ms"</c>. At most 1 minute.</value>
    public string? Linger { get; set; }
}
