using Npgsql;
using ReliableMq.Failing;

namespace ReliableMq.Handling;

/// <summary>Calls a handler inside the filters, and knows the verdict that it may have caught itself.</summary>
internal sealed class HandlerInvocation(HandlingFilters filters)
{
    public async ValueTask InvokeAsync(HandlerDefinition handler, IServiceProvider services, object message, MessageContext context)
    {
        await filters.RunAsync(services, [new HandledMessage(message, context)], () => handler.Invoke is { } invoke
            ? invoke(services, message, context)
            : handler.InvokeBatch!(services, [message], [context]));
        ThrowVerdict(context);
    }

    /// <summary>Of a batch, in which each message has its first attempt.</summary>
    public ValueTask InvokeAsync(
        HandlerDefinition handler, IServiceProvider services, IReadOnlyList<ReadMessage> batch, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        InvokeAsync(handler, services, [.. batch.Select(message => message.Message)], [.. batch.Select(message => message.ContextOf(1, transaction, cancellationToken))]);

    public async ValueTask InvokeAsync(HandlerDefinition handler, IServiceProvider services, object[] messages, MessageContext[] contexts)
    {
        await filters.RunAsync(services, [.. messages.Zip(contexts, (message, context) => new HandledMessage(message, context))],
            () => handler.InvokeBatch!(services, messages, contexts));
        foreach (var context in contexts)
        {
            ThrowVerdict(context);
        }
    }

    public static TimeoutException TimedOut(TimeSpan timeout, Exception? exception) =>
        new($"The handler took longer than the queue's timeout of {timeout.TotalSeconds:0.###} seconds{(exception is HandlerAbandonedException ? $". {exception.Message}" : ".")}", exception);

    private static void ThrowVerdict(MessageContext context)
    {
        if (context.Verdict is { } verdict)
        {
            throw new HandlerVerdictException(verdict);
        }
    }
}
