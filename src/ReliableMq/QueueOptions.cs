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
}
