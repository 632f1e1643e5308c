using Microsoft.EntityFrameworkCore;

namespace ReliableMq.Handling;

/// <summary>The message that is being handled on this flow of control.</summary>
internal sealed record HandlingScope(DbContext Context, string MessageId, string? CorrelationId, string HandlerName)
{
    private static readonly AsyncLocal<HandlingScope?> Flow = new();

    public static HandlingScope? Current
    {
        get => Flow.Value;
        set => Flow.Value = value;
    }

    /// <summary>The transaction of a message ends after its handler, by the library: otherwise its effect could be doubled.</summary>
    public static void RefuseToEnd(DbContext? context)
    {
        if (context is not null && Current is { } handling && handling.Context == context)
        {
            throw new PermanentFailureException(
                $"The handler \"{handling.HandlerName}\" tried to commit or roll back the transaction in which its message is handled. It is committed after the handler; throw to have it rolled back.");
        }
    }
}
