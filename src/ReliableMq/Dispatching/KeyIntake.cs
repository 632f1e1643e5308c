using ReliableMq.Diagnostics;
using ReliableMq.Outbox;
using ReliableMq.Storage;

namespace ReliableMq.Dispatching;

/// <summary>Takes ordering keys, keeps them while they have messages, and gives them back.</summary>
/// <param name="database">Whose outbox it is.</param>
/// <param name="table">The outbox.</param>
/// <param name="availableIn">Told when something given back can be taken again.</param>
/// <param name="time">The clock.</param>
internal sealed class KeyIntake(ServiceDatabase database, OutboxTable table, Action<TimeSpan> availableIn, TimeProvider time)
{
    /// <summary>How long messages wait that cannot take their place because a transaction on their key is open.</summary>
    private static readonly TimeSpan WhileOpen = TimeSpan.FromSeconds(1);

    private const int LongestRun = 50;

    private readonly KeyTable _keys = new(database);
    private readonly KeyRuns _runs = new();

    public bool HasReady => _runs.HasReady;

    /// <summary>How many keys may be taken: what is held in memory is bounded.</summary>
    public int Room => Math.Clamp(MostRows - _runs.Count, 0, database.Options.Outbox.BatchSize);

    private int MostRows => 4 * database.Options.Outbox.BatchSize;

    /// <summary>What may be published now: of each key held, the one message that is next.</summary>
    public List<HeldRow> TakeReady() => _runs.TakeReady();

    /// <summary>These keys have new messages, or may have.</summary>
    /// <returns>The keys that were held before or are held now.</returns>
    public async Task<HashSet<string>> TakeAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        var held = keys.ToHashSet(StringComparer.Ordinal);
        var askedAt = time.GetTimestamp();
        var free = _runs.NotHeld(keys, askedAt);
        if (free.Count > 0)
        {
            var room = Room > 0;
            var claimed = await _keys.EnrollAsync(free.Order(StringComparer.Ordinal), room, cancellationToken);
            held.ExceptWith(free);
            held.UnionWith(claimed.Select(key => key.OrderingKey));
            await StartAsync(claimed, askedAt, cancellationToken);
            if (!room)
            {
                availableIn(WhileOpen);
            }
        }

        return held;
    }

    /// <summary>Begins to send the messages of keys just claimed.</summary>
    public async Task StartAsync(IReadOnlyList<KeyLease> claimed, long askedAt, CancellationToken cancellationToken)
    {
        _runs.Forget(claimed);
        await AdvanceAsync(claimed, askedAt, cancellationToken);
    }

    /// <summary>
    /// Rows with an ordering key that were claimed like others. Ordered ones were not sent within their lease,
    /// because their key waits: they are left to it. Scheduled ones, whose time has come, take their places.
    /// </summary>
    public async Task TakeRowsAsync(IReadOnlyCollection<OutboxRow> rows, CancellationToken cancellationToken)
    {
        var ordered = rows.Where(row => row.IsOrdered).ToList();
        if (ordered.Count > 0)
        {
            string[] keys = [.. ordered.Select(row => row.OrderingKey!).Distinct().Order(StringComparer.Ordinal)];
            // In the database also where this process holds them: should it die now, nothing else would find these rows,
            // once it has removed a key by a snapshot older than they are.
            await _keys.EnrollAsync(keys, claim: false, cancellationToken);
            await TakeAsync(keys, cancellationToken);
            await _keys.ParkAsync(ordered, cancellationToken);
        }

        var due = rows.Where(row => !row.IsOrdered).ToList();
        if (due.Count > 0)
        {
            var refused = await _keys.JoinAsync(due, cancellationToken);
            if (refused.Count > 0)
            {
                await table.ReleaseAsync(refused, WhileOpen, cancellationToken);
                availableIn(WhileOpen);
            }

            await TakeAsync([.. due.Except(refused).Select(row => row.OrderingKey!)], cancellationToken);
        }
    }

    /// <summary>Moves finished messages to the history; the next of their keys become ready.</summary>
    /// <returns>The keys whose messages in memory are at their end, for <see cref="AdvanceAsync(IReadOnlyList{KeyLease}, CancellationToken)"/>.</returns>
    public async Task<List<KeyLease>> FinishAsync(IReadOnlyList<OutboxRow> rows, string outcome, CancellationToken cancellationToken)
    {
        var finished = await _keys.FinishAsync(rows, outcome, cancellationToken);
        CrashPoint.Here("after finish, before the next of its key");
        var exhausted = _runs.Finished(rows, finished);
        database.Wake();
        return exhausted;
    }

    /// <summary>Reads on, or gives back keys that have nothing more to send.</summary>
    public Task AdvanceAsync(IReadOnlyList<KeyLease> keys, CancellationToken cancellationToken) => AdvanceAsync(keys, time.GetTimestamp(), cancellationToken);

    private async Task AdvanceAsync(IReadOnlyList<KeyLease> keys, long askedAt, CancellationToken cancellationToken)
    {
        if (keys.Count == 0)
        {
            return;
        }

        var run = Math.Clamp((MostRows - _runs.Count) / keys.Count, 1, LongestRun);
        var (rows, waiting) = await _keys.AdvanceAsync(keys, run, cancellationToken);
        var going = rows.Select(row => row.OrderingKey).ToHashSet(StringComparer.Ordinal);
        End(keys.Where(key => !going.Contains(key.OrderingKey)));
        if (rows.Count > 0)
        {
            _runs.Start(rows.Select(row => HeldRow.From(row, askedAt, database.Options.Outbox.Lease, time)));
            database.Wake();
        }

        if (waiting > 0)
        {
            availableIn(TimeSpan.Zero);
        }
    }

    public async Task FailAsync(IReadOnlyList<FailedRow> failed, CancellationToken cancellationToken)
    {
        await _keys.FailAsync(failed, cancellationToken);
        End(failed.Select(f => f.Row.Key!.Value));
    }

    public async Task ReleaseAsync(IReadOnlyList<OutboxRow> rows, TimeSpan delay, CancellationToken cancellationToken)
    {
        await _keys.ReleaseAsync(rows, delay, cancellationToken);
        End(rows.Select(row => row.Key!.Value));
    }

    private void End(IEnumerable<KeyLease> keys)
    {
        if (_runs.End(keys) is { Count: > 0 } askedFor)
        {
            database.HandOverKeys(askedFor);
        }
    }
}
