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

    /// <summary>Runs the handler of single messages: services of this attempt, the message, its context.</summary>
    public Func<IServiceProvider, object, MessageContext, ValueTask>? Invoke { get; init; }

    /// <summary>Runs the handler of batches: services of this attempt, the messages, their contexts. One of the two is given.</summary>
    public Func<IServiceProvider, object[], IReadOnlyList<MessageContext>, ValueTask>? InvokeBatch { get; init; }

    /// <summary>The class, created for each attempt; null for a static method.</summary>
    public Type? HandlerType { get; init; }

    /// <summary>What its method cannot do without: the parameter, the service and its key, null where it has none.</summary>
    public IReadOnlyList<(string Parameter, Type Type, object? Key)> Services { get; init; } = [];

    /// <summary><see cref="MessageHandlerAttribute.Retry"/>; null where not given.</summary>
    public string? Retry { get; init; }

    /// <summary><see cref="MessageHandlerAttribute.RetryFor"/>; null where not given.</summary>
    public string? RetryFor { get; init; }

    /// <summary><see cref="MessageHandlerAttribute.ImmediateRetries"/>; -1 where not given.</summary>
    public int ImmediateRetries { get; init; } = -1;

    /// <summary><see cref="MessageHandlerAttribute.DelayedRetry"/>; null where not given.</summary>
    public string? DelayedRetry { get; init; }

    /// <summary>What <see cref="OnExceptionAttribute"/> said on the method.</summary>
    public IReadOnlyList<OnExceptionAttribute> OnException { get; init; } = [];

    /// <summary>What it said on the class.</summary>
    public IReadOnlyList<OnExceptionAttribute> OnExceptionOfClass { get; init; } = [];

    /// <summary><see cref="MessageHandlerAttribute.Concurrency"/>; 0 where not given.</summary>
    public int Concurrency { get; init; }

    /// <summary><see cref="MessageHandlerAttribute.Prefetch"/>; 0 where not given.</summary>
    public int Prefetch { get; init; }

    /// <summary><see cref="MessageHandlerAttribute.Timeout"/>; null where not given.</summary>
    public string? Timeout { get; init; }

    /// <summary><see cref="MessageHandlerAttribute.Inbox"/>; null where not given.</summary>
    public Type? Inbox { get; init; }

    /// <summary>What <see cref="BindingAttribute"/> said; empty means by the message's name.</summary>
    public IReadOnlyList<BindingAttribute> Bindings { get; init; } = [];

    /// <summary><see cref="MessageHandlerAttribute.Order"/>.</summary>
    public QueueOrder Order { get; init; }

    /// <summary><see cref="MessageHandlerAttribute.DeriveMessageIds"/>.</summary>
    public bool DeriveMessageIds { get; init; }

    /// <summary><see cref="MessageHandlerAttribute.BatchSize"/>; 0 where not given.</summary>
    public int BatchSize { get; init; }

    /// <summary><see cref="MessageHandlerAttribute.Linger"/>; null where not given.</summary>
    public string? Linger { get; init; }
}
