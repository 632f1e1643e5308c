using ReliableMq.Storage;

namespace ReliableMq.Dispatching;

/// <summary>
/// Ids and ordering keys handed over by somebody who is not told when their transaction ends. They are looked for again at
/// growing intervals of at most a second, until they are found or their lease has run out: from then on the
/// poll finds them.
/// </summary>
internal sealed class OpenHandOvers(TimeSpan lease, TimeProvider time)
{
    /// <summary>At once it is never there: its owner commits after this call.</summary>
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private readonly List<Open> _open = [];

    public void Add(HandOver handedOver) =>
        _open.Add(new Open([.. handedOver.Ids], [.. handedOver.Keys], [.. handedOver.Ordered ?? []], handedOver.HasScheduled, time.GetTimestamp(), time.GetTimestamp(), First));

    /// <summary>How long until somebody has to be looked for; null when nobody is missed.</summary>
    public TimeSpan? Wait
    {
        get
        {
            TimeSpan? least = null;
            foreach (var open in _open)
            {
                var wait = open.Interval - time.GetElapsedTime(open.LookedAt);
                least = least is null || wait < least ? wait : least;
            }

            return least;
        }
    }

    /// <summary>What to look for now.</summary>
    public Look TakeDue() =>
        _open.Count == 0
            ? Look.Nothing
            : new(
                [.. _open.Where(IsDue).SelectMany(open => open.Ids)], [.. _open.Where(IsDue).SelectMany(open => open.Keys)],
                [.. _open.Where(IsDue).SelectMany(open => open.Ordered)], _open.Exists(open => open.HasScheduled && IsDue(open)));

    /// <summary>After a look: what was not found is looked for again, later.</summary>
    public void Looked(IReadOnlySet<Guid> foundIds, IReadOnlySet<string> foundKeys)
    {
        for (var i = _open.Count - 1; i >= 0; i--)
        {
            var open = _open[i];
            // Wherever it was handed over: what is on its way is not looked for any more.
            open = open with { Ids = open.Ids.FindAll(id => !foundIds.Contains(id)), Ordered = open.Ordered.FindAll(row => !foundIds.Contains(row.Id)) };
            var isDue = IsDue(open);
            if (isDue)
            {
                open = open with { Keys = open.Keys.FindAll(key => !foundKeys.Contains(key)) };
            }

            if (open.Ids.Count + open.Ordered.Count + open.Keys.Count == 0 || time.GetElapsedTime(open.Since) > lease)
            {
                _open.RemoveAt(i);
                continue;
            }

            var interval = open.Interval * 2;
            _open[i] = !isDue ? open : open with { LookedAt = time.GetTimestamp(), Interval = interval < Longest ? interval : Longest };
        }
    }

    private bool IsDue(Open open) => time.GetElapsedTime(open.LookedAt) >= open.Interval;

    private sealed record Open(List<Guid> Ids, List<string> Keys, List<OrderedId> Ordered, bool HasScheduled, long Since, long LookedAt, TimeSpan Interval);

    /// <summary>What to look for.</summary>
    /// <param name="Ids">Of rows.</param>
    /// <param name="Keys">Ordering keys.</param>
    /// <param name="Ordered">Rows in the order of a key.</param>
    /// <param name="HasScheduled">Whether some of the rows may have a time that is yet to come.</param>
    internal sealed record Look(IReadOnlyList<Guid> Ids, IReadOnlyList<string> Keys, IReadOnlyList<OrderedId> Ordered, bool HasScheduled)
    {
        public static readonly Look Nothing = new([], [], [], false);
    }
}
