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
}
