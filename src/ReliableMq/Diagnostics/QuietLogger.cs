using Microsoft.Extensions.Logging;

namespace ReliableMq.Diagnostics;

/// <summary>
/// The application's log, whose providers may throw. What is delivered must not stop because it could not be told, and a
/// commit must not look as if it had failed.
/// </summary>
/// <typeparam name="T">Its category.</typeparam>
internal sealed class QuietLogger<T>(ILoggerFactory logs) : ILogger
{
    private readonly ILogger _log = logs.CreateLogger<T>();

    public bool IsEnabled(LogLevel logLevel)
    {
        try
        {
            return _log.IsEnabled(logLevel);
        }
        catch (Exception)
        {
            return false;
        }
    }

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        try
        {
            _log.Log(logLevel, eventId, state, exception, formatter);
        }
        catch (Exception)
        {
            // There is nowhere else to tell it.
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        try
        {
            return _log.BeginScope(state) is { } scope ? new QuietScope(scope) : null;
        }
        catch (Exception)
        {
            return null;
        }
    }

    private sealed class QuietScope(IDisposable scope) : IDisposable
    {
        public void Dispose()
        {
            try
            {
                scope.Dispose();
            }
            catch (Exception)
            {
                // As above.
            }
        }
    }
}
