namespace ReliableMq;

/// <summary>Settings of one queue: section <c>ReliableMq:Queues:&lt;queue&gt;</c>. Unset means what the attribute says.</summary>
public sealed class QueueOptions
{
    /// <inheritdoc cref="MessageHandlerAttribute.Retry"/>
    public string? Retry { get; set; }

    /// <inheritdoc cref="MessageHandlerAttribute.RetryFor"/>
    public string? RetryFor { get; set; }

    /// <inheritdoc cref="MessageHandlerAttribute.ImmediateRetries"/>
    public int? ImmediateRetries { get; set; }

    /// <summary>
    /// How long a message that no handler takes is deferred, such as <c>"15m"</c>, before it is dead-lettered: while a
    /// new version of the service is rolled out, its messages may reach processes of the old one. No attempt is counted.
    /// </summary>
    /// <value>Default: <c>"15m"</c>. Up to 365 days; an empty text means not at all.</value>
    public string? DeferUnknown { get; set; }

    /// <inheritdoc cref="MessageHandlerAttribute.DelayedRetry"/>
    public string? DelayedRetry { get; set; }

    /// <inheritdoc cref="MessageHandlerAttribute.Concurrency"/>
    public int? Concurrency { get; set; }

    /// <inheritdoc cref="MessageHandlerAttribute.Prefetch"/>
    public int? Prefetch { get; set; }

    /// <inheritdoc cref="MessageHandlerAttribute.Timeout"/>
    public string? Timeout { get; set; }

    /// <summary>
    /// Each an exchange and a routing key or pattern, like <c>"legacy: invoice.#"</c>: all bindings of the queue,
    /// instead of what its handlers say.
    /// </summary>
    /// <inheritdoc cref="BindingAttribute"/>
    public IList<string>? Bindings { get; set; }

    /// <inheritdoc cref="MessageHandlerAttribute.Order"/>
    public QueueOrder? Order { get; set; }

    /// <inheritdoc cref="MessageHandlerAttribute.DeriveMessageIds"/>
    public bool? DeriveMessageIds { get; set; }

    /// <inheritdoc cref="MessageHandlerAttribute.BatchSize"/>
    public int? BatchSize { get; set; }

    /// <inheritdoc cref="MessageHandlerAttribute.Linger"/>
    public string? Linger { get; set; }
}
