using ReliableMq.Outbox;

namespace ReliableMq.Dispatching;

/// <summary>
/// The ordering keys that this process holds, with the messages read of each. One message of a key is on its
/// way at a time; the next is ready when that one is finished in the database. Pure bookkeeping.
/// </summary>
internal sealed class KeyRuns
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Run> _runs = new(StringComparer.Ordinal);
    private readonly Queue<HeldRow> _ready = [];

    public bool HasReady
    {
        get
        {
            lock (_gate)
            {
                return _ready.Count > 0;
            }
        }
    }

    /// <summary>How many messages are in memory.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _runs.Values.Sum(run => run.Waiting.Count + 1);
            }
        }
    }

    /// <summary>
    /// Of keys with new messages, those that have to be claimed. The others are looked at again when they end. One
    /// whose lease was of use up to a time that has passed may be somebody else's by now.
    /// </summary>
    public List<string> NotHeld(IEnumerable<string> keys, long now)
    {
        lock (_gate)
        {
            var free = new List<string>();
            foreach (var key in keys.Distinct(StringComparer.Ordinal))
            {
                if (_runs.TryGetValue(key, out var run) && now < run.UsableUntil)
                {
                    run.IsAskedFor = true;
                }
                else
                {
                    free.Add(key);
                }
            }

            return free;
        }
    }

    /// <summary>Keys were claimed anew: what was known of an earlier claim, whose end nobody told, is over.</summary>
    public void Forget(IEnumerable<KeyLease> claimed)
    {
        lock (_gate)
        {
            foreach (var key in claimed)
            {
                _runs.Remove(key.OrderingKey);
            }
        }
    }

    /// <summary>Messages of keys just taken or renewed, in their order: the first of each is ready.</summary>
    public void Start(IEnumerable<HeldRow> rows)
    {
        lock (_gate)
        {
            foreach (var key in rows.GroupBy(held => held.Row.Key!.Value))
            {
                var run = new Run(key.Key.Token, new Queue<HeldRow>(key), key.First().UsableUntil);
                _runs[key.Key.OrderingKey] = run;
                _ready.Enqueue(run.Waiting.Dequeue());
            }
        }
    }

    public List<HeldRow> TakeReady()
    {
        lock (_gate)
        {
            var ready = _ready.ToList();
            _ready.Clear();
            return ready;
        }
    }

    /// <summary>Rows were recorded as finished; those whose lease had been lost were not.</summary>
    /// <returns>The keys whose messages in memory are at their end.</returns>
    public List<KeyLease> Finished(IEnumerable<OutboxRow> rows, IReadOnlySet<Guid> finished)
    {
        lock (_gate)
        {
            var exhausted = new List<KeyLease>();
            foreach (var row in rows)
            {
                if (Find(row.Key!.Value) is not { } run)
                {
                    continue;
                }

                if (!finished.Contains(row.Id))
                {
                    // Somebody else has the key now and sends the rest.
                    _runs.Remove(row.OrderingKey!);
                }
                else if (run.Waiting.TryDequeue(out var next))
                {
                    _ready.Enqueue(next);
                }
                else
                {
                    exhausted.Add(row.Key.Value);
                }
            }

            return exhausted;
        }
    }

    /// <summary>Keys were given back, or are gone.</summary>
    /// <returns>Those that got new messages meanwhile.</returns>
    public List<string> End(IEnumerable<KeyLease> keys)
    {
        lock (_gate)
        {
            var askedFor = new List<string>();
            foreach (var key in keys)
            {
                if (Find(key) is { } run)
                {
                    _runs.Remove(key.OrderingKey);
                    if (run.IsAskedFor)
                    {
                        askedFor.Add(key.OrderingKey);
                    }
                }
            }

            return askedFor;
        }
    }

    private Run? Find(KeyLease key) => _runs.TryGetValue(key.OrderingKey, out var run) && run.Token == key.Token ? run : null;

    private sealed record Run(Guid Token, Queue<HeldRow> Waiting, long UsableUntil)
    {
        /// <summary>A message of the key was committed while it was held.</summary>
        public bool IsAskedFor { get; set; }
    }
}
