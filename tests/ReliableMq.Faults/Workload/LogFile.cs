using Microsoft.Extensions.Logging;

namespace ReliableMq.Faults.Workload;

/// <summary>The log of one process, for whoever has to find out what a verdict means.</summary>
internal sealed class LogFile(string file) : ILoggerProvider
{
    private readonly StreamWriter _writer = new(new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.Read)) { AutoFlush = true };
    private readonly Lock _lock = new();

    public ILogger CreateLogger(string categoryName) => new CategoryLog(this, categoryName);

    public void Dispose()
    {
        lock (_lock)
        {
            _writer.Dispose();
        }
    }

    private void Write(string text)
    {
        lock (_lock)
        {
            _writer.WriteLine(text);
        }
    }

    private sealed class CategoryLog(LogFile file, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            file.Write($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {logLevel} {category[(category.LastIndexOf('.') + 1)..]} {eventId.Id} {formatter(state, exception)}"
                + (exception is null ? "" : $"{Environment.NewLine}    {exception.GetType().Name}: {exception.Message}"));
    }
}
