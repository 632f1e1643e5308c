using ReliableMq.Outbox;
using ReliableMq.Storage;

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

        using var timeout = new CancellationTokenSource(longest, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await _database.HandedOver.Reader.WaitToReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Time to poll, or to look again.
        }
    }

    /// <summary>What this process has just committed.</summary>
    public async Task<List<HeldRow>> TakeHandedOverAsync(CancellationToken cancellationToken)
    {
        var ids = new List<Guid>();
        var keys = new List<string>();
        while (ids.Count < _options.BatchSize && _database.HandedOver.Reader.TryRead(out var handedOver))
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
        ids.AddRange(open.Ids);
        keys.AddRange(open.Keys);
        if (ids.Count + keys.Count == 0)
        {
            return [];
        }

        var held = keys.Count == 0 ? [] : await Keys.TakeAsync(keys, cancellationToken);
        var askedAt = _time.GetTimestamp();
        var rows = ids.Count == 0 ? [] : await _table.ReadHandedOverAsync([.. ids], cancellationToken);
        _open.Looked(rows.Select(row => row.Id).ToHashSet(), held);
        return Held(rows, askedAt);
    }

    /// <summary>What is due, whoever left it, if it is time to ask.</summary>
    public async Task<List<HeldRow>> TakeDueAsync(CancellationToken cancellationToken)
    {
        if (!_clock.IsDue)
        {
            return [];
        }

        _clock.Restart(_options.PollInterval);
        var askedAt = _time.GetTimestamp();
        var poll = await _table.PollAsync(_options.BatchSize, _horizon.Next(), cancellationToken);
        _horizon.Looked(poll.At, tookAll: poll.Rows.Count < _options.BatchSize && poll.Keys.Count < _options.BatchSize);
        _clock.PollWithin(DispatchRules.NextPoll(poll, _options.BatchSize, _options.PollInterval));
        await Keys.StartAsync(poll.Keys, askedAt, cancellationToken);
        await Keys.JoinAsync(poll.Rows.FindAll(row => row.OrderingKey is not null), cancellationToken);
        return Held(poll.Rows.FindAll(row => row.OrderingKey is null), askedAt);
    }

    private List<HeldRow> Held(List<OutboxRow> rows, long askedAt) =>
        rows.ConvertAll(row => HeldRow.From(row, askedAt, _options.Lease, _time));
}
