namespace ReliableMq.Handling;

/// <summary>What <c>AddHandlingFilter</c> said.</summary>
/// <param name="Type">The filter's class.</param>
/// <param name="Of">Finds the filter among the services of an attempt.</param>
internal sealed record FilterRegistration(Type Type, Func<IServiceProvider, IHandlingFilter> Of);

/// <summary>The filters around every handler, the first one outermost.</summary>
internal sealed class HandlingFilters(IEnumerable<FilterRegistration> registrations)
{
    /// <summary>Filters call one another, and a batch may have a thousand times as many: the stack is left now and then.</summary>
    private const int DeepestStack = 64;

    private readonly FilterRegistration[] _registrations = [.. registrations];

    /// <summary>Runs a handler inside the filters; for a batch those of its messages lie inside one another.</summary>
    public ValueTask RunAsync(IServiceProvider services, ReadOnlySpan<HandledMessage> messages, Func<ValueTask> handler)
    {
        if (_registrations.Length == 0)
        {
            return handler();
        }

        var filters = Array.ConvertAll(_registrations, registration => registration.Of(services));
        var next = handler;
        var depth = 0;
        for (var message = messages.Length - 1; message >= 0; message--)
        {
            for (var filter = filters.Length - 1; filter >= 0; filter--)
            {
                if (messages.Length == 1 || filters[filter] is not LoggingScopeFilter)
                {
                    next = Around(filters[filter], messages[message], next, leavesStack: ++depth % DeepestStack == 0);
                }
            }
        }

        return next();
    }

    /// <summary>Without the handler a message would be done that nobody handled; twice, it would have two effects.</summary>
    private static Func<ValueTask> Around(IHandlingFilter filter, HandledMessage message, Func<ValueTask> next, bool leavesStack) => async () =>
    {
        if (leavesStack)
        {
            await Task.Yield();
        }

        var calls = 0;
        await filter.HandleAsync(message.Message, message.Context, () => ++calls == 1 ? next() : throw Wrong(filter, "called next more than once"));
        if (calls == 0)
        {
            throw Wrong(filter, "did not call next, so the message was not handled");
        }
    };

    private static string NameOf(IHandlingFilter filter) => filter is ITypedFilter { FilterType: var type } ? type.Name : filter.GetType().Name;

    private static PermanentFailureException Wrong(IHandlingFilter filter, string what) => new(
        $"The filter \"{NameOf(filter)}\" {what}. Call it once; to leave a message unhandled, use Discard, DeadLetter or RetryAfter of the MessageContext.");
}

/// <summary>A message as a handler gets it.</summary>
internal readonly record struct HandledMessage(object Message, MessageContext Context);

/// <summary>A filter of one type of message among those of all.</summary>
internal sealed class TypedFilter<TMessage>(IHandlingFilter<TMessage> filter) : ITypedFilter
{
    public Type FilterType => filter.GetType();

    public ValueTask HandleAsync(object message, MessageContext context, Func<ValueTask> next) =>
        message is TMessage typed ? filter.HandleAsync(typed, context, next) : next();
}

/// <summary>A filter that stands for another, for errors.</summary>
internal interface ITypedFilter : IHandlingFilter
{
    Type FilterType { get; }
}
