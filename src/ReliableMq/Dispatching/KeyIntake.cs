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
    private static readonly TimeSpan WhileOpen = TimeSpan.FromSeconds(1);

    private readonly KeyTable _keys = new(database);
    private readonly KeyRuns _runs = new();

    public bool HasReady => _runs.HasReady;

    /// <summary>What may be published now: of each key held, the one message that is next.</summary>
    public List<HeldRow> TakeReady() => _runs.TakeReady();

    /// <summary>Messages of these keys were committed, or may have been.</summary>
    /// <returns>The keys that this process holds now.</returns>
    public async Task<HashSet<string>> TakeAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        var held = keys.ToHashSet(StringComparer.Ordinal);
        var free = _runs.NotHeld(keys);
        if (free.Count > 0)
        {
            var askedAt = time.GetTimestamp();
            var claimed = await _keys.ClaimAsync([.. free], cancellationToken);
            held.ExceptWith(free);
            held.UnionWith(claimed.Select(key => key.OrderingKey));
            await StartAsync(claimed, askedAt, cancellationToken);
        }

        return held;
    }

    /// <summary>Begins to send the messages of keys just claimed.</summary>
    public async Task StartAsync(IReadOnlyList<KeyLease> claimed, long askedAt, CancellationToken cancellationToken)
    {
        if (claimed.Count == 0)
        {
            return;
        }

        _runs.Forget(claimed);
        var rows = await _keys.ReadAsync(claimed, cancellationToken);
        Start(rows, askedAt);
        var started = rows.Select(row => row.Key!.Value).ToHashSet();
        await AdvanceAsync([.. claimed.Where(key => !started.Contains(key))], cancellationToken);
    }

    /// <summary>Scheduled messages whose time has come join their keys.</summary>
    public async Task JoinAsync(IReadOnlyList<OutboxRow> due, CancellationToken cancellationToken)
    {
        if (due.Count == 0)
        {
            return;
        }

        var refused = await _keys.JoinAsync(due, cancellationToken);
        if (refused.Count > 0)
        {
            await table.ReleaseAsync(refused, WhileOpen, cancellationToken);
            availableIn(WhileOpen);
        }

        await TakeAsync([.. due.Except(refused).Select(row => row.OrderingKey!).Distinct()], cancellationToken);
    }

    /// <summary>Moves finished messages to the history; the next of their keys become ready.</summary>
    /// <returns>The keys whose messages in memory are at their end, for <see cref="AdvanceAsync"/>.</returns>
    public async Task<List<KeyLease>> FinishAsync(IReadOnlyList<OutboxRow> rows, string outcome, CancellationToken cancellationToken)
    {
        var exhausted = _runs.Finished(rows, await _keys.FinishAsync(rows, outcome, cancellationToken));
        database.Wake();
        return exhausted;
    }

    /// <summary>Reads on, or gives back keys that have nothing more to send.</summary>
    public async Task AdvanceAsync(IReadOnlyList<KeyLease> keys, CancellationToken cancellationToken)
    {
        if (keys.Count == 0)
        {
            return;
        }

        var askedAt = time.GetTimestamp();
        var (rows, waiting) = await _keys.AdvanceAsync(keys, cancellationToken);
        var going = rows.Select(row => row.OrderingKey).ToHashSet(StringComparer.Ordinal);
        End(keys.Where(key => !going.Contains(key.OrderingKey)));
        Start(rows, askedAt);
        if (waiting > 0)
        {
            availableIn(WhileOpen);
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

    private void Start(List<OutboxRow> rows, long askedAt)
    {
        if (rows.Count > 0)
        {
            _runs.Start(rows.Select(row => HeldRow.From(row, askedAt, database.Options.Outbox.Lease, time)));
            database.Wake();
        }
    }

    private void End(IEnumerable<KeyLease> keys)
    {
        if (_runs.End(keys) is { Count: > 0 } askedFor)
        {
            database.HandedOver.Writer.TryWrite(new HandOver([], askedFor));
        }
    }
}
