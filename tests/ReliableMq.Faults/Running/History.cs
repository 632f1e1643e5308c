using System.Diagnostics;
using System.Globalization;

namespace ReliableMq.Faults.Running;

/// <summary>What happened and when: on the screen and in a file, line by line.</summary>
internal sealed class History : IDisposable
{
    private readonly StreamWriter _file;
    private readonly Lock _lock = new();
    private readonly long _began = Stopwatch.GetTimestamp();

    public History(string folder) => _file = new StreamWriter(Path.Combine(folder, "history.txt")) { AutoFlush = true };

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_began);

    public void Say(string what)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{Elapsed.TotalSeconds,7:0.0}  {what}");
        lock (_lock)
        {
            _file.WriteLine(line);
            Console.WriteLine(line);
        }
    }

    public void Dispose() => _file.Dispose();
}
