using System.Collections.Concurrent;

namespace Shop.Runner.Running;

/// <summary>What a view shows: written by the run, read by the view.</summary>
internal sealed class RunStatus(int lines, int good, TimeProvider clock)
{
    private readonly long _started = clock.GetTimestamp();
    private volatile Progress _progress = Progress.None;

    public int Lines => lines;

    public int Good => good;

    public int Bad => lines - good;

    public TimeSpan Elapsed => clock.GetElapsedTime(_started);

    public Progress Progress
    {
        get => _progress;
        set => _progress = value;
    }

    public ConcurrentQueue<RunEvent> Events { get; } = new();

    public void Note(string text) => Events.Enqueue(new(Elapsed, text));
}

internal sealed record RunEvent(TimeSpan At, string Text);
