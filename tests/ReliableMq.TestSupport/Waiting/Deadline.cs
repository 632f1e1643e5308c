using System.Diagnostics;

namespace ReliableMq.TestSupport;

/// <summary>How long a wait may still take, by the monotonic clock: a test that hangs must fail and say on what.</summary>
internal readonly struct Deadline
{
    /// <summary>Generous, because it is only ever used up by a test that fails; two busy cores are slow.</summary>
    public static readonly TimeSpan Default = TimeSpan.FromSeconds(30);

    private readonly long _started;
    private readonly TimeSpan _total;

    private Deadline(TimeSpan total)
    {
        _started = Stopwatch.GetTimestamp();
        _total = total;
    }

    public static Deadline In(TimeSpan? timeout) => new(timeout ?? Default);

    public TimeSpan Total => _total;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    public TimeSpan Remaining
    {
        get
        {
            var remaining = _total - Elapsed;
            return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
        }
    }

    public bool IsOver => Elapsed >= _total;
}
