using System.Text.Json;

namespace ReliableMq.Faults.Workload;

/// <summary>
/// What one process was about to do and what came of it, in a file of its own. A line is with the system before the
/// call returns, so it survives the process being killed; a last line may be torn.
/// </summary>
internal sealed class Journal(string file) : IDisposable
{
    private readonly FileStream _stream = new(file, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 1);
    private readonly Lock _lock = new();

    public void Write(JournalAct act, params IReadOnlyList<string> ids) => Write(act, ids, null);

    public void Write(JournalAct act, IReadOnlyList<string> ids, string? why)
    {
        var line = JsonSerializer.SerializeToUtf8Bytes(new JournalLine(act, ids, TimeProvider.System.GetUtcNow().UtcDateTime, why));
        lock (_lock)
        {
            _stream.Write([.. line, (byte)'\n']);
            _stream.Flush();
        }
    }

    public static IEnumerable<JournalLine> Read(string folder) =>
        from file in Directory.EnumerateFiles(folder, "*.journal").Order(StringComparer.Ordinal)
        from line in Lines(file)
        select line;

    private static List<JournalLine> Lines(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        var whole = reader.ReadToEnd();
        // What follows the last line's end is torn.
        return [.. whole[..(whole.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<JournalLine>(line)!)];
    }

    public void Dispose() => _stream.Dispose();
}

/// <param name="Act">What was done.</param>
/// <param name="Ids">To which messages.</param>
/// <param name="At">When it was written, by the machine's clock, whatever the process's own says.</param>
/// <param name="Why">The error, where there was one.</param>
internal sealed record JournalLine(JournalAct Act, IReadOnlyList<string> Ids, DateTime At = default, string? Why = null);

internal enum JournalAct
{
    /// <summary>The transaction begins. Without a later word of the same messages its outcome is unknown.</summary>
    About,

    Committed,

    /// <summary>It ended before its commit was sent, or was rolled back.</summary>
    NotCommitted,

    /// <summary>The commit was sent and its answer was an error.</summary>
    Unknown,

    /// <summary>Storing, or the commit, ended with an error of the database or of the line to it.</summary>
    StoringFailed,

    /// <summary>It ended with any other error.</summary>
    StoringRefused,

    AboutToCancel,

    /// <summary>The library said that it will not be sent.</summary>
    Cancelled,

    /// <summary>The library said that it will not be sent from now on; that it was sent before is not excluded.</summary>
    CancelledPerhaps,

    /// <summary>The library said that it was too late.</summary>
    NotCancelled,
}
