using System.ComponentModel;

namespace ReliableMq;

/// <summary>One annotated handler as the source generator found it. Written by generated code.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public sealed class HandlerDefinition
{
    /// <summary>The queue it consumes.</summary>
    public required string Queue { get; init; }

    /// <summary>The name of the message it handles.</summary>
    public required string MessageName { get; init; }

    /// <summary>The type of the message it handles.</summary>
    public required Type MessageType { get; init; }

    /// <summary>The method's name for logs and errors, such as <c>Shop.BillingHandlers.Handle</c>.</summary>
    public required string HandlerName { get; init; }

    /// <summary>Runs the handler: services of this attempt, the message, its context.</summary>
    public required Func<IServiceProvider, object, MessageContext, ValueTask> Invoke { get; init; }

    /// <summary><see cref="MessageHandlerAttribute.Retry"/>; null where not given.</summary>
    public string? Retry { get; init; }

    /// <summary><see cref="MessageHandlerAttribute.Concurrency"/>; 0 where not given.</summary>
    public int Concurrency { get; init; }

    /// <summary><see cref="MessageHandlerAttribute.Prefetch"/>; 0 where not given.</summary>
    public int Prefetch { get; init; }

    /// <summary><see cref="MessageHandlerAttribute.Timeout"/>; null where not given.</summary>
    public string? Timeout { get; init; }
}
