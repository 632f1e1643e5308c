namespace ReliableMq.SourceGenerator;

/// <summary>
/// All that the generated code says of one handler. Text only and no place in a file, so that moving a
/// handler to another line leaves the generated code alone.
/// </summary>
/// <param name="Name">As logs and errors show it: <c>Shop.BillingHandlers.Handle</c>.</param>
/// <param name="Type">Its class as C#: <c>global::Shop.BillingHandlers</c>.</param>
/// <param name="Method">Its method as C#.</param>
/// <param name="IsStatic">Whether it is called without an instance.</param>
/// <param name="Returns">What the method returns.</param>
/// <param name="MessageName">The name from <c>[Message]</c>.</param>
/// <param name="Aliases">The further names from <c>[Message]</c>.</param>
/// <param name="MessageType">The message type as C#.</param>
/// <param name="IsBatch">Whether it takes a list of messages.</param>
/// <param name="Arguments">What follows the message in the call.</param>
/// <param name="Settings">What <c>[MessageHandler]</c> says.</param>
/// <param name="Bindings">What <c>[Binding]</c> says.</param>
/// <param name="OnException">What <c>[OnException]</c> says on the method.</param>
/// <param name="OnExceptionOfClass">What it says on the class.</param>
internal sealed record Handler(
    string Name,
    string Type,
    string Method,
    bool IsStatic,
    ReturnKind Returns,
    string MessageName,
    EquatableArray<string> Aliases,
    string MessageType,
    bool IsBatch,
    EquatableArray<Argument> Arguments,
    HandlerSettings Settings,
    EquatableArray<QueueBinding> Bindings,
    EquatableArray<ExceptionRule> OnException,
    EquatableArray<ExceptionRule> OnExceptionOfClass);

/// <summary>What the generated code passes for a parameter.</summary>
/// <param name="Code">A C# expression.</param>
/// <param name="Service">The service that has to be registered for it, as a C# tuple; null where none has to be.</param>
internal sealed record Argument(string Code, string? Service = null);

/// <summary>What a handler method returns.</summary>
internal enum ReturnKind
{
    Nothing,
    Task,
    ValueTask,
}

/// <summary>What <c>[MessageHandler]</c> says; null and 0 where it says nothing.</summary>
internal sealed record HandlerSettings(string Queue)
{
    public string? Retry { get; init; }

    public string? Timeout { get; init; }

    public string? RetryFor { get; init; }

    public int? ImmediateRetries { get; init; }

    public string? DelayedRetry { get; init; }

    public int Concurrency { get; init; }

    public int Prefetch { get; init; }

    /// <summary>The type as C#.</summary>
    public string? Inbox { get; init; }

    /// <summary>The name of the value.</summary>
    public string? Order { get; init; }

    public bool DeriveMessageIds { get; init; }

    public int BatchSize { get; init; }

    public string? Linger { get; init; }
}

/// <summary>What one <c>[Binding]</c> says.</summary>
internal sealed record QueueBinding(string Exchange, string Pattern);

/// <summary>What one <c>[OnException]</c> says.</summary>
/// <param name="Type">The exception as C#.</param>
/// <param name="Then">The name of the value.</param>
/// <param name="Delay">Null where it says none.</param>
internal sealed record ExceptionRule(string Type, string Then, string? Delay);

/// <summary>The message that a handler takes.</summary>
internal sealed record HandledMessage(string Name, EquatableArray<string> Aliases, string Type, bool IsBatch);
