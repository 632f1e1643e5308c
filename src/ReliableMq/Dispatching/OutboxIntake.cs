using ReliableMq.Outbox;
using ReliableMq.Storage;

namespace ReliableMq.Dispatching;

/// <summary>Where a dispatcher's rows come from: ids that were handed over in memory, and due rows of the database.</summary>
internal sealed class OutboxIntake(ServiceDatabase database, OutboxTable table, TimeProvider time)
{
    private readonly OutboxOptions _options = database.Options.Outbox;
    private readonly OpenHandOvers _open = new(database.Options.Outbox.Lease, time);
    private readonly PollClock _clock = new(time);

    /// <summary>Asks the database within this time at the latest.</summary>
    public void PollWithin(TimeSpan delay)
    {
        if (_clock.PollWithin(delay))
        {
            // Wakes the waiting dispatcher. When full, it is awake.
            database.HandedOver.Writer.TryWrite(new HandOver([], HasScheduled: false));
        }
    }

    /// <summary>Returns when there is something to take.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        var longest = _clock.Wait;
        if (_open.Wait is { } untilLook && untilLook < longest)
        {
            longest = untilLook;
        }

        if (longest <= TimeSpan.Zero || database.HandedOver.Reader.TryPeek(out _))
        {
            return;
        }

        using var timeout = new CancellationTokenSource(longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await database.HandedOver.Reader.WaitToReadAsync(either.Token);
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
        while (ids.Count < _options.BatchSize && database.HandedOver.Reader.TryRead(out var handedOver))
        {
            if (handedOver.HasScheduled)
            {
                // Only the database knows when their time comes.
                _clock.PollWithin(TimeSpan.Zero);
            }

            if (handedOver.MayBeOpen)
            {
                _open.Add(handedOver.Ids);
            }
            else
            {
                ids.AddRange(handedOver.Ids);
            }
        }

        ids.AddRange(_open.TakeDue());
        if (ids.Count == 0)
        {
            return [];
        }

        var askedAt = time.GetTimestamp();
        var rows = await table.ReadHandedOverAsync([.. ids], cancellationToken);
        _open.Looked(rows.Select(row => row.Id).ToHashSet());
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
        var askedAt = time.GetTimestamp();
        var poll = await table.PollAsync(_options.BatchSize, cancellationToken);
        _clock.PollWithin(DispatchRules.NextPoll(poll, _options.BatchSize, _options.PollInterval));
        return Held(poll.Rows, askedAt);
    }

    private List<HeldRow> Held(List<OutboxRow> rows, long askedAt) =>
        rows.ConvertAll(row => HeldRow.From(row, askedAt, _options.Lease, time));
}
