using ReliableMq.Outbox;
using ReliableMq.Storage;
using ReliableMq.Timing;

namespace ReliableMq.Dispatching;

/// <summary>Where a dispatcher's rows come from: ids that were handed over in memory, and due rows of the database.</summary>
internal sealed class OutboxIntake
{
    private readonly ServiceDatabase _database;
    private readonly OutboxTable _table;
    private readonly TimeProvider _time;
    private readonly OutboxOptions _options;
    private readonly OpenHandOvers _open;
    private readonly PollClock _clock;
    private readonly ClaimHorizon _horizon;

    public OutboxIntake(ServiceDatabase database, OutboxTable table, TimeProvider time)
    {
        _database = database;
        _table = table;
        _time = time;
        _options = database.Options.Outbox;
        _open = new OpenHandOvers(_options.Lease, time);
        _clock = new PollClock(time);
        _horizon = new ClaimHorizon(time);
        Keys = new KeyIntake(database, table, PollWithin, time);
    }

    /// <summary>The messages with an ordering key.</summary>
    public KeyIntake Keys { get; }

    /// <summary>Asks the database within this time at the latest.</summary>
    public void PollWithin(TimeSpan delay)
    {
        if (_clock.PollWithin(delay))
        {
            _database.Wake();
        }
    }

    /// <summary>Asks the database at once for everything that is due, however long it has been.</summary>
    public void PollAll()
    {
        _horizon.LookAtAll();
        PollWithin(TimeSpan.Zero);
    }

    /// <summary>Returns when there is something to take.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        var longest = _clock.Wait;
        if (_open.Wait is { } untilLook && untilLook < longest)
        {
            longest = untilLook;
        }

        if (longest <= TimeSpan.Zero || Keys.HasReady || _database.HandedOver.Reader.TryPeek(out _))
        {
            return;
        }

        using var timeout = new TimeLimit(longest, _time, cancellationToken);
        try
        {
            await _database.HandedOver.Reader.WaitToReadAsync(timeout.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Time to poll, or to look again.
        }
    }

    /// <summary>What this process has just committed. Messages with an ordering key come by <see cref="KeyIntake.TakeReady"/>.</summary>
    public async Task<List<HeldRow>> TakeHandedOverAsync(CancellationToken cancellationToken)
    {
        var ids = new List<Guid>();
        var keys = new List<string>();
        while (ids.Count + keys.Count < _options.BatchSize && _database.HandedOver.Reader.TryRead(out var handedOver))
        {
            if (handedOver.HasScheduled)
            {
                // Only the database knows when their time comes.
                _clock.PollWithin(TimeSpan.Zero);
            }

            if (handedOver.MayBeOpen)
            {
                _open.Add(handedOver);
            }
            else
            {
                ids.AddRange(handedOver.Ids);
                keys.AddRange(handedOver.Keys);
            }
        }

        var open = _open.TakeDue();
        try
        {
            return await ReadAsync(ids, keys, open, cancellationToken);
        }
        catch
        {
            // They are looked for again, as if somebody else had stored them.
            if (ids.Count + keys.Count > 0)
            {
                _open.Add(new HandOver(ids, keys));
            }

            throw;
        }
    }

    private async Task<List<HeldRow>> ReadAsync(List<Guid> ids, List<string> keys, OpenHandOvers.Look open, CancellationToken cancellationToken)
    {
        if (ids.Count + keys.Count + open.Ids.Count + open.Keys.Count + open.Ordered.Count == 0)
        {
            return [];
        }

        Guid[] allIds = [.. ids, .. open.Ids];
        var (committed, sent) = open.Ordered.Count == 0 ? ([], []) : await _table.FindKnownAsync([.. open.Ordered.Select(row => row.Id)], cancellationToken);
        string[] allKeys = [.. keys, .. open.Keys, .. open.Ordered.Where(row => committed.Contains(row.Id)).Select(row => row.OrderingKey).Distinct()];
        var held = allKeys.Length == 0 ? [] : await Keys.TakeAsync(allKeys, cancellationToken);
        var askedAt = _time.GetTimestamp();
        var rows = allIds.Length == 0 ? [] : await _table.ReadHandedOverAsync(allIds, cancellationToken);
        var found = rows.Select(row => row.Id).Concat(committed).Concat(sent).ToHashSet();
        if (open.HasScheduled && await _table.FindStoredAsync([.. open.Ids.Where(id => !found.Contains(id))], cancellationToken) is { Count: > 0 } stored)
        {
            // Committed at last, and not due: now the poll can tell when they are.
            found.UnionWith(stored);
            _clock.PollWithin(TimeSpan.Zero);
        }

        _open.Looked(found, held);
        return Held(rows, askedAt);
    }

    /// <summary>What is due, whoever left it, if it is time to ask.</summary>
    public async Task<DueWork> TakeDueAsync(IReadOnlyList<(Destination Destination, Failure Failure)> paused, CancellationToken cancellationToken)
    {
        if (!_clock.IsDue)
        {
            return DueWork.None;
        }

        _clock.Restart(_options.PollInterval);
        var from = _horizon.Next();
        if (paused.Count > 0 && await _table.SetAsideAsync(paused, from, SetAsideBatch, cancellationToken) == SetAsideBatch)
        {
            // They stand in front of what can leave; what is handed over meanwhile comes in between.
            _clock.PollWithin(TimeSpan.Zero);
            return DueWork.None;
        }

        var askedAt = _time.GetTimestamp();
        var room = Keys.Room;
        var poll = await _table.PollAsync(_options.BatchSize, room, from, cancellationToken);
        _horizon.Looked(poll.At, tookAll: poll.Rows.Count < _options.BatchSize && poll.Keys.Count < room);
        _clock.PollWithin(DispatchRules.NextPoll(poll, _options.BatchSize, _options.PollInterval));
        return new DueWork(Held(poll.Rows.FindAll(row => row.OrderingKey is null), askedAt), poll.Rows.FindAll(row => row.OrderingKey is not null), poll.Keys, askedAt);
    }

    private const int SetAsideBatch = 5_000;

    /// <summary>The part of due work that has ordering keys.</summary>
    public async Task TakeKeysAsync(DueWork due, CancellationToken cancellationToken)
    {
        await Keys.StartAsync(due.Keys, due.AskedAt, cancellationToken);
        await Keys.TakeRowsAsync(due.WithKeys, cancellationToken);
    }

    private List<HeldRow> Held(List<OutboxRow> rows, long askedAt) =>
        rows.ConvertAll(row => HeldRow.From(row, askedAt, _options.Lease, _time));
}

/// <summary>What one look for due work took.</summary>
/// <param name="Rows">To be published.</param>
/// <param name="WithKeys">Rows with an ordering key.</param>
/// <param name="Keys">Ordering keys.</param>
/// <param name="AskedAt">When the database was asked.</param>
internal sealed record DueWork(List<HeldRow> Rows, List<OutboxRow> WithKeys, List<KeyLease> Keys, long AskedAt)
{
    public static readonly DueWork None = new([], [], [], 0);
}
