namespace ReliableMq;

/// <summary>Settings of one queue: section <c>ReliableMq:Queues:&lt;queue&gt;</c>. Unset means what the attribute says.</summary>
public sealed class QueueOptions
{
    /// <inheritdoc cref="MessageHandlerAttribute.Retry"/>
    public string? Retry { get; set; }

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
