using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace ReliableMq.TestSupport;

/// <summary>
/// Keeps what is logged, at every level, for a test to look at or to wait for. A runner shows a test's
/// output where the test fails, so echoing into it costs nothing otherwise:
/// <c>new CapturingLoggerProvider(TestContext.Current.TestOutputHelper!.WriteLine)</c>.
/// </summary>
/// <param name="echo">Also told each entry as text, for example xunit's output.</param>
public sealed class CapturingLoggerProvider(Action<string>? echo = null) : ILoggerProvider, ISupportExternalScope
{
    private readonly Pulse _pulse = new();
    private ImmutableList<LogEntry> _entries = [];
    private IExternalScopeProvider? _scopes;

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    /// <summary>What was logged so far; a snapshot.</summary>
    public IReadOnlyList<LogEntry> Entries => _entries;

    /// <summary>The entries of a level and above, so that <c>AtLeast(LogLevel.Warning).ShouldBeEmpty()</c>.</summary>
    public IReadOnlyList<LogEntry> AtLeast(LogLevel level) => [.. _entries.Where(entry => entry.Level >= level)];

    public ILogger CreateLogger(string categoryName) => new CapturingLogger(categoryName, () => _scopes, Add);

    /// <summary>Waits until an entry matches, those already logged included, and returns the first.</summary>
    /// <param name="match">Which entry.</param>
    /// <param name="what">What it is, as in "warning about the blocked connection".</param>
    /// <param name="timeout">Default: 30 s.</param>
    public async Task<LogEntry> WaitForAsync(Func<LogEntry, bool> match, string what, TimeSpan? timeout = null)
    {
        LogEntry? found = null;
        await _pulse.WaitUntilAsync(
            () => (found = _entries.Find(entry => match(entry))) is not null,
            () => $"{what}: not logged. The last entries:{Environment.NewLine}"
                + string.Join(Environment.NewLine, _entries.TakeLast(20)),
            timeout);
        return found!;
    }

    public void Dispose()
    {
        // Hosts dispose their providers; the entries stay for the test to look at.
    }

    private void Add(LogEntry entry)
    {
        ImmutableInterlocked.Update(ref _entries, (entries, added) => entries.Add(added), entry);
        _pulse.Beat();
        try
        {
            echo?.Invoke(entry.ToString());
        }
        catch (InvalidOperationException)
        {
            // A background service may log its last words after its test has ended; xunit refuses those.
        }
    }
}
