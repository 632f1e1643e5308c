using ReliableMq.Broker;
using ReliableMq.Outbox;

namespace ReliableMq.Dispatching;

/// <summary>
/// Destinations that do not take messages. One is paused by itself: its rows are set aside unpublished, at
/// the end of each pause a single one is tried, and when that is confirmed all the others follow at once.
/// Without it ten thousand rows for a queue that is full would each be tried again and again, and each try
/// may leave a copy in other queues.
/// </summary>
internal sealed class Destinations(TimeProvider time)
{
    /// <summary>
    /// How long a row is set aside where nobody calls it back: those that failed themselves are the next to be
    /// tried, so this only counts when the process that knows of the pause is gone.
    /// </summary>
    public static readonly TimeSpan SetAside = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<Destination, Pause> _pauses = [];
    private volatile int _count;

    /// <summary>How many are paused.</summary>
    public int Paused => _count;

    /// <summary>Asks leave to publish. To be followed by an outcome where it is given.</summary>
    /// <returns>Null where the row may be published; else why it is set aside.</returns>
    public Failure? Refuse(Destination destination, double random)
    {
        if (_count == 0)
        {
            return null;
        }

        lock (_gate)
        {
            if (!_pauses.TryGetValue(destination, out var pause))
            {
                return null;
            }

            if (!pause.IsProbing && time.GetTimestamp() >= pause.Until)
            {
                pause.IsProbing = true;
                return null;
            }

            var delay = SetAside * (0.75 + 0.25 * random);
            if (!pause.HasNext && !pause.IsProbing)
            {
                // One of those set aside comes back in time: the one that failed may be this very row, taken early.
                pause.HasNext = true;
                delay = time.GetElapsedTime(time.GetTimestamp(), pause.Until);
            }

            return new Failure(pause.Kind, $"Not tried, because an earlier message to the same destination failed: {pause.Reason}", delay, IsAttempt: false);
        }
    }

    /// <summary>A row was confirmed.</summary>
    /// <returns>Whether that ends a pause.</returns>
    public bool Confirmed(Destination destination)
    {
        if (_count == 0)
        {
            return false;
        }

        lock (_gate)
        {
            var ended = _pauses.Remove(destination);
            _count = _pauses.Count;
            return ended;
        }
    }

    /// <summary>A row was returned, nacked or not answered: its destination is paused.</summary>
    /// <returns>How long, and how often in a row it has been tried in vain; 0 for a row that was on its way when the pause began.</returns>
    public (TimeSpan Delay, int Failures) Failed(Destination destination, PublishResult result, string reason, double random)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (!_pauses.TryGetValue(destination, out var pause))
            {
                _pauses[destination] = pause = new Pause();
                _count = _pauses.Count;
            }
            else if (!pause.IsProbing && now < pause.Until)
            {
                return (time.GetElapsedTime(now, pause.Until), 0);
            }

            pause.Failures++;
            var delay = DispatchRules.DelayAfter(result, pause.Failures, random);
            pause.IsProbing = false;
            pause.HasNext = false;
            pause.Until = now + (long)(delay.TotalSeconds * time.TimestampFrequency);
            pause.Kind = DispatchRules.KindOf(result);
            pause.Reason = reason;
            return (delay, pause.Failures);
        }
    }

    /// <summary>A row's outcome says nothing about its destination; if it was the one that is tried, another may be.</summary>
    public void Unknown(Destination destination)
    {
        if (_count == 0)
        {
            return;
        }

        lock (_gate)
        {
            if (_pauses.TryGetValue(destination, out var pause))
            {
                pause.IsProbing = false;
            }
        }
    }

    /// <summary>Ends every pause; what was set aside is not called back.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            _pauses.Clear();
            _count = 0;
        }
    }

    private sealed class Pause
    {
        public int Failures { get; set; }
        public long Until { get; set; }
        public bool IsProbing { get; set; }

        /// <summary>Whether one that was set aside is to be tried next.</summary>
        public bool HasNext { get; set; }

        public string Kind { get; set; } = "";
        public string Reason { get; set; } = "";
    }
}
