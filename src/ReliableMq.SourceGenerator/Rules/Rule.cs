using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>
/// The diagnostics. An id is permanent: it is never given to another rule, and a retired one stays retired.
/// Each has its section in <c>docs/diagnostics.md</c>.
/// </summary>
internal static class Rule
{
    // The handler's shape.
    public static readonly DiagnosticDescriptor NotAMethod = Error("RMQ001", "Handler is not an ordinary method",
        "'{0}' cannot be a handler because it is not an ordinary method; move it to a public method of a class");

    public static readonly DiagnosticDescriptor MethodNotPublic = Error("RMQ002", "Handler method is not public",
        "Handler method '{0}' is not public; make it public so that the generated code can call it");

    public static readonly DiagnosticDescriptor ClassNotAccessible = Error("RMQ003", "Class of a handler is not accessible",
        "Handler method '{0}' is in '{1}', which the generated code cannot see; make that class and those around it public or internal");

    public static readonly DiagnosticDescriptor NotInAClass = Error("RMQ004", "Handler is not in a class",
        "Handler method '{0}' is in '{1}', which is not a class; move it to a class");

    public static readonly DiagnosticDescriptor ClassIsAbstract = Error("RMQ005", "Class of a handler is abstract",
        "Handler method '{0}' is in the abstract class '{1}', which cannot be created; move it to a class that is not abstract, or make the method static");

    public static readonly DiagnosticDescriptor ClassIsGeneric = Error("RMQ006", "Class of a handler is generic",
        "Handler method '{0}' is in the generic class '{1}', and nothing says with which types to create it; move it to a class without type parameters");

    public static readonly DiagnosticDescriptor MethodIsGeneric = Error("RMQ007", "Handler method is generic",
        "Handler method '{0}' is generic, and nothing says with which types to call it; write one method for each message");

    public static readonly DiagnosticDescriptor NoMessage = Error("RMQ008", "Handler has no parameters",
        "Handler method '{0}' has no parameters; make the message its first parameter");

    public static readonly DiagnosticDescriptor FirstIsNotAMessage = Error("RMQ009", "First parameter of a handler is not a message",
        "The first parameter '{0}' of handler method '{1}' is a '{2}', which is not a message; put the message first, or mark its class or struct with [Message]");

    public static readonly DiagnosticDescriptor SecondMessage = Error("RMQ010", "Handler has a second message",
        "Parameter '{0}' of handler method '{1}' is a second message, a '{2}'; write one method for each message");

    public static readonly DiagnosticDescriptor ByReference = Error("RMQ011", "Parameter of a handler is passed by reference",
        "Parameter '{0}' of handler method '{1}' is passed by reference; remove '{2}'");

    public static readonly DiagnosticDescriptor AsyncVoid = Error("RMQ012", "Handler is async void",
        "Handler method '{0}' is async void, so nothing can wait for its end or see it fail; return Task or ValueTask");

    public static readonly DiagnosticDescriptor WrongReturnType = Error("RMQ013", "Handler returns a value",
        "Handler method '{0}' returns '{1}'; return Task, ValueTask or void");

    public static readonly DiagnosticDescriptor NotAService = Error("RMQ014", "Parameter of a handler cannot be a service",
        "Parameter '{0}' of handler method '{1}' is a '{2}', which cannot be a service; ask for MessageContext, CancellationToken or a service");

    public static readonly DiagnosticDescriptor Unknown = Error("RMQ015", "Handler uses what the generator cannot see",
        "The {0} of handler method '{1}' is unknown while handlers are collected; correct it, or move what another generator writes to a referenced project");

    public static readonly DiagnosticDescriptor ParameterNotAccessible = Error("RMQ016", "Parameter type of a handler is not accessible",
        "Parameter '{0}' of handler method '{1}' is a '{2}', which the generated code cannot see; make that type and those around it public or internal");

    public static readonly DiagnosticDescriptor OtherCollection = Error("RMQ017", "Handler takes messages in another collection",
        "The first parameter '{0}' of handler method '{1}' is a '{2}'; use IReadOnlyList<{3}>, in which a batch handler gets its messages");

    public static readonly DiagnosticDescriptor OtherContext = Error("RMQ018", "Handler asks for the wrong number of contexts",
        "Parameter '{0}' of handler method '{1}' is a '{2}', but the handler takes {3}; ask for {4}");

    public static readonly DiagnosticDescriptor NoConstructor = Error("RMQ019", "Class of a handler has no public constructor",
        "Handler method '{0}' is in '{1}', which has no public constructor, so it cannot be created; give it one, or make the method static");

    // The message.
    public static readonly DiagnosticDescriptor MessageName = Error("RMQ020", "Message name is not valid",
        "Message name '{0}' of '{1}' {2}; use lower-case letters, digits, '-' and '_' in two or more parts separated by dots, at most 200 characters");

    public static readonly DiagnosticDescriptor MessageIsAbstract = Error("RMQ021", "Message cannot be created",
        "Message '{0}' is {1} and cannot be created; handle a class or struct that can");

    public static readonly DiagnosticDescriptor MessageIsGeneric = Error("RMQ022", "Message is generic",
        "Message '{0}' is generic, so its name '{1}' would stand for many types; use a message without type parameters");

    public static readonly DiagnosticDescriptor MessageConstructor = JsonError("RMQ023", "Message cannot be deserialized",
        "{0} has {1}, so System.Text.Json cannot create it; give it one public constructor, or mark the one to use with [JsonConstructor]");

    public static readonly DiagnosticDescriptor DerivedMessage = Error("RMQ024", "Message derives from another message",
        "Message '{0}' derives from the message '{1}', whose handlers would not get it; give both a base class without [Message]");

    public static readonly DiagnosticDescriptor Alias = Error("RMQ025", "Alias of a message is not valid",
        "Alias '{0}' of '{1}' {2}; use lower-case letters, digits, '-' and '_' in two or more parts separated by dots, at most 200 characters, and each name once");

    public static readonly DiagnosticDescriptor LostMember = JsonError("RMQ026", "Member of a message is lost",
        "{0} '{1}' of {2} {3}, or mark it with [JsonIgnore] if it is to stay behind");

    public static readonly DiagnosticDescriptor MessageParameter = JsonError("RMQ027", "Constructor parameter of a message matches no property",
        "Parameter '{0}' of the constructor of {2} matches no property of that name and the type '{1}', so System.Text.Json cannot create it; name it like the property that it fills and give both one type, or mark another constructor with [JsonConstructor]");

    public static readonly DiagnosticDescriptor MemberType = JsonError("RMQ028", "Member of a message cannot be serialized",
        "{0} '{1}' of {2} {3} a '{4}', {5}; use another type, give the member a [JsonConverter], or mark it with [JsonIgnore] if it is to stay behind");

    public static readonly DiagnosticDescriptor MessageNames = JsonError("RMQ029", "Two members of a message have one JSON name",
        "'{0}' and '{1}' of {2} both have the JSON name '{3}', in which case does not count, so System.Text.Json refuses it; give one another name with [JsonPropertyName]");

    // What [MessageHandler] says.
    public static readonly DiagnosticDescriptor QueueName = Error("RMQ030", "Queue name is not valid",
        "Queue name '{0}' of handler method '{1}' {2}");

    public static readonly DiagnosticDescriptor Retry = Error("RMQ031", "Retry is not valid",
        "Retry '{0}' of handler method '{1}' {2}; write at most 100 delays from 1ms to 365 days, such as '1s, 10s, 1m, 10m', or doubling ones, such as '1s..10m x12', with the units ms, s, m and h");

    public static readonly DiagnosticDescriptor Timeout = Error("RMQ032", "Timeout is not valid",
        "Timeout '{0}' of handler method '{1}' {2}; write one duration from 1ms to 10m, such as '30s', with the units ms, s, m and h");

    public static readonly DiagnosticDescriptor Concurrency = Error("RMQ033", "Concurrency is out of range",
        "Concurrency '{0}' of handler method '{1}' is out of range; use 1 to 1000, or 0 for the default");

    public static readonly DiagnosticDescriptor Prefetch = Error("RMQ034", "Prefetch is out of range",
        "Prefetch '{0}' of handler method '{1}' is out of range; use 1 to 2000, or 0 for the default");

    public static readonly DiagnosticDescriptor Inbox = Error("RMQ035", "Inbox is not valid",
        "Inbox '{0}' of handler method '{1}' {2}; name the DbContext given to AddInbox, typeof(NpgsqlDataSource) or typeof(NoInbox)");

    public static readonly DiagnosticDescriptor Order = Error("RMQ036", "Order is not valid",
        "Order '{0}' of handler method '{1}' is not a value of QueueOrder; use None, OneAtATime or ByKey");

    public static readonly DiagnosticDescriptor BatchSize = Error("RMQ037", "BatchSize is out of range",
        "BatchSize '{0}' of handler method '{1}' is out of range; use 1 to 1000, or 0 for the default");

    public static readonly DiagnosticDescriptor Linger = Error("RMQ038", "Linger is not valid",
        "Linger '{0}' of handler method '{1}' {2}; write one duration from 1ms to 1m, such as '50ms', with the units ms, s and m");

    public static readonly DiagnosticDescriptor NotABatch = Error("RMQ039", "Setting is only for batch handlers",
        "Handler method '{0}' sets {1}, but it takes single messages; remove it, or take an IReadOnlyList<{2}>");

    public static readonly DiagnosticDescriptor RetryFor = Error("RMQ070", "RetryFor is not valid",
        "RetryFor '{0}' of handler method '{1}' {2}; write one duration from 1ms to 365 days, such as '24h', with the units ms, s, m and h");

    public static readonly DiagnosticDescriptor ImmediateRetries = Error("RMQ071", "ImmediateRetries is out of range",
        "ImmediateRetries '{0}' of handler method '{1}' is out of range; use 0 to 10");

    public static readonly DiagnosticDescriptor DelayedRetry = Error("RMQ072", "DelayedRetry is not valid",
        "DelayedRetry '{0}' of handler method '{1}' {2}; write the broker's shortest and longest delay from 100ms to 30s, such as '1s..10s'");

    public static readonly DiagnosticDescriptor DelayInOrder = Error("RMQ073", "What the broker delays has no order",
        "Handler method '{0}' sets DelayedRetry, but its Order is '{1}', and what the broker delays is overtaken; remove one of them");

    // What [OnException] says.
    public static readonly DiagnosticDescriptor ExceptionType = Error("RMQ075", "Rule is not about an exception",
        "[OnException] of handler method '{1}' is about '{0}', which {2}; name the type of an exception");

    public static readonly DiagnosticDescriptor ExceptionOutcome = Error("RMQ076", "Outcome of a rule is not valid",
        "Outcome '{0}' of [OnException] of handler method '{1}' is not a value of OnFailure; use Retry, RetryNow, DeadLetter or Discard");

    public static readonly DiagnosticDescriptor ExceptionDelay = Error("RMQ077", "Delay of a rule is not valid",
        "Delay '{0}' of [OnException] of handler method '{1}' {2}; write one duration from 1ms to 365 days for the outcome Retry, such as '5m', or leave it out");

    public static readonly DiagnosticDescriptor ExceptionTwice = Error("RMQ078", "Two rules for one exception",
        "{0} has two rules for '{1}'; keep one of them");

    public static readonly DiagnosticDescriptor ExceptionAlone = Error("RMQ079", "Rule without a handler",
        "{0} has [OnException], but no [MessageHandler] whose failures it could be about; add one, or remove it");

    // Handlers seen together.
    public static readonly DiagnosticDescriptor Duplicate = Error("RMQ040", "Two handlers for one message of one queue",
        "Handler method '{0}' handles '{1}' from queue '{2}', and so does '{3}'; keep one, or give each a queue of its own");

    public static readonly DiagnosticDescriptor TwoTypes = Error("RMQ041", "Two message types with one name in one queue",
        "Handler method '{0}' reads '{1}' from queue '{2}' as '{3}', but '{4}' reads it as '{5}'; use one type for each message name in a queue");

    public static readonly DiagnosticDescriptor Disagreement = Error("RMQ042", "Handlers of one queue disagree",
        "Handler method '{0}' sets {1} of queue '{2}' to '{3}', but '{4}' sets it to '{5}'; all handlers of a queue share its settings, so give it once or the same each time");

    public static readonly DiagnosticDescriptor AliasClash = Error("RMQ043", "Two handlers of one queue share a name of a message",
        "Handler method '{0}' takes '{1}' from queue '{2}' as a name of '{3}', but '{4}' takes it as a name of '{5}'; remove the alias, or give each handler a queue of its own");

    public static readonly DiagnosticDescriptor BatchAndSingle = Error("RMQ044", "Queue has batch handlers and others",
        "Handler method '{0}' takes {1} from queue '{2}', but '{3}' takes {4}; give each a queue of its own");

    public static readonly DiagnosticDescriptor OrderOfBatches = Error("RMQ045", "Batches have no order",
        "Handler method '{0}' takes batches, which have no order, but sets Order to '{1}'; remove it, or take single messages");

    public static readonly DiagnosticDescriptor NeverFull = Error("RMQ046", "No batch would ever be full",
        "Handler method '{0}' takes batches of {1}, more than its Prefetch of {2}, so that no batch would ever be full; lower BatchSize, or raise Prefetch");

    // The project.
    public static readonly DiagnosticDescriptor MethodName = Error("RMQ050", "ReliableMqHandlersMethod is not a method name",
        "The project property ReliableMqHandlersMethod is '{0}', which is not a method name; use a C# identifier such as 'AddBillingHandlers'");

    // What [Binding] says.
    public static readonly DiagnosticDescriptor Binding = Error("RMQ055", "Binding is not valid",
        "{0} '{1}' of handler method '{2}' {3}");

    public static readonly DiagnosticDescriptor BindingAlone = Error("RMQ056", "Binding without a handler",
        "Method '{0}' has [Binding], but no [MessageHandler] whose queue it could bind; add one, or remove it");

    // The use of a context.
    public static readonly DiagnosticDescriptor NeverSaved = new("RMQ060", "Message is added but never saved",
        "The message is added to '{0}', but no SaveChanges follows on any path, so it is never sent; save '{0}' after adding the message",
        "ReliableMq", DiagnosticSeverity.Warning, isEnabledByDefault: true, Guide.Description, Guide.LinkTo("RMQ060"));

    public static readonly DiagnosticDescriptor MayBeLost = new("RMQ061", "Member of a message may be lost",
        "{0} '{1}' of {2} has no public setter and no parameter of the constructor fills it, so the receiver has what its own constructor gives it; give it a public set or init, or mark it with [JsonIgnore] if it is to stay behind",
        "ReliableMq", DiagnosticSeverity.Warning, isEnabledByDefault: true, Guide.Description, Guide.LinkTo("RMQ061"));

    // Configurable: who replaces the library's JSON by his own knows better.
    private static DiagnosticDescriptor JsonError(string id, string title, string message) =>
        new(id, title, message, "ReliableMq", DiagnosticSeverity.Error, isEnabledByDefault: true, Guide.Description, Guide.LinkTo(id));

    // Not configurable: turned off, the error would become a handler that silently does not exist.
    private static DiagnosticDescriptor Error(string id, string title, string message) =>
        new(id, title, message, "ReliableMq", DiagnosticSeverity.Error, isEnabledByDefault: true,
            Guide.Description, Guide.LinkTo(id),
            customTags: WellKnownDiagnosticTags.NotConfigurable);
}
