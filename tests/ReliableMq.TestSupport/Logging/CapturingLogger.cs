using Microsoft.Extensions.Logging;

namespace ReliableMq.TestSupport;

internal sealed class CapturingLogger(string category, Func<IExternalScopeProvider?> scopes, Action<LogEntry> add) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        add(new LogEntry(logLevel, eventId, category, formatter(state, exception), exception) { Scopes = Scopes() });

    private List<string> Scopes()
    {
        var open = new List<string>();
        scopes()?.ForEachScope((scope, list) => list.Add($"{scope}"), open);
        return open;
    }
}
