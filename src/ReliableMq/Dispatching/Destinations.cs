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
    /// How long a row is set aside where nobody calls it back: the process that knows of the pause offers one at
    /// its end and the others after a confirm, so this only counts when that process is gone.
    /// </summary>
    public static readonly TimeSpan SetAside = TimeSpan.FromMinutes(10);

    /// <summary>How soon another row is offered where the one before was not tried: another process may have taken it.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(10);

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

            if (!Refuses(pause))
            {
                pause.IsProbing = true;
                return null;
            }

            return FailureOf(pause, random);
        }
    }

    /// <summary>Those that refuse now, with what becomes of their rows.</summary>
    public IReadOnlyList<(Destination Destination, Failure Failure)> Refusing(double random)
    {
        if (_count == 0)
        {
            return [];
        }

        lock (_gate)
        {
            return [.. _pauses.Where(pause => Refuses(pause.Value)).Select(pause => (pause.Key, FailureOf(pause.Value, random)))];
        }
    }

    /// <summary>Those whose pause is over, while none of their messages is being tried.</summary>
    public IReadOnlyList<Destination> Ended()
    {
        if (_count == 0)
        {
            return [];
        }

        lock (_gate)
        {
            var now = time.GetTimestamp();
            return [.. _pauses.Where(pause => !pause.Value.IsProbing && now >= pause.Value.Until && now >= pause.Value.OfferAt).Select(pause => pause.Key)];
        }
    }

    /// <summary>
    /// A message of an ended pause was offered, or there is none: then the next that is stored is the one that is tried. Its
    /// failures are forgotten when there was none for as long as any row can be set aside.
    /// </summary>
    public void Offered(Destination destination, bool any)
    {
        lock (_gate)
        {
            if (!_pauses.TryGetValue(destination, out var pause))
            {
                return;
            }

            if (!any && time.GetElapsedTime(pause.Until) > SetAside)
            {
                _pauses.Remove(destination);
                _count = _pauses.Count;
                return;
            }

            pause.OfferAt = After(Again);
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
            pause.Until = After(delay);
            pause.OfferAt = pause.Until;
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

    /// <summary>Whether it has failed and nothing was confirmed since.</summary>
    public bool IsPaused(Destination destination)
    {
        lock (_gate)
        {
            return _pauses.ContainsKey(destination);
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

    private bool Refuses(Pause pause) => pause.IsProbing || time.GetTimestamp() < pause.Until;

    private static Failure FailureOf(Pause pause, double random) => new(
        pause.Kind, $"Not tried, because an earlier message to the same destination failed: {pause.Reason}", SetAside * (0.75 + 0.25 * random), IsAttempt: false);

    private long After(TimeSpan delay) => time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency);

    private sealed class Pause
    {
        public int Failures { get; set; }
        public long Until { get; set; }
        public long OfferAt { get; set; }
        public bool IsProbing { get; set; }
        public string Kind { get; set; } = "";
        public string Reason { get; set; } = "";
    }
}
