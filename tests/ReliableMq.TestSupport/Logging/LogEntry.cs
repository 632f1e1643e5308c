using Microsoft.Extensions.Logging;

namespace ReliableMq.TestSupport;

/// <summary>One line of a log, in parts.</summary>
public sealed record LogEntry(
    LogLevel Level, EventId EventId, string Category, string Message, Exception? Exception)
{
    /// <summary>The scopes it was logged in, the outermost first.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];

    public override string ToString() =>
        $"{Level} {Category}[{EventId.Id}] {Message}{(Exception is null ? "" : Environment.NewLine + Exception)}";
}
