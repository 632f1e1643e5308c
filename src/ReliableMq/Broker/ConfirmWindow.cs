namespace ReliableMq.Broker;

/// <summary>
/// Which publishes of one channel still wait for their confirm. A ring by sequence number: the broker
/// answers in any order and may answer many at once. Pure bookkeeping; the caller locks.
/// </summary>
internal sealed class ConfirmWindow<T>
{
    private Slot[] _slots;
    private int _mask;
    private ulong _oldest = 1;
    private ulong _next = 1;

    public ConfirmWindow(int capacity)
    {
        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity);
        _slots = new Slot[size];
        _mask = size - 1;
    }

    public int Outstanding { get; private set; }

    /// <summary>When the oldest publish without an answer was sent; null when none waits.</summary>
    public long? OldestSentAt => Outstanding == 0 ? null : SlotOf(_oldest).SentAt;

    /// <summary>
    /// Takes the next sequence number. While one publish waits for long, others are confirmed past it: the ring grows with
    /// what lies between, which is bounded by the time that a confirm is waited for.
    /// </summary>
    public ulong Add(T item, long sentAt)
    {
        if (_next - _oldest >= (ulong)_slots.Length)
        {
            Grow();
        }

        var sequence = _next++;
        SlotOf(sequence) = new Slot { Item = item, SentAt = sentAt, Waiting = true };
        Outstanding++;
        return sequence;
    }

    /// <summary>Remembers that the publish came back; its ack, which always follows, completes it.</summary>
    public void Return(ulong sequence, string reason)
    {
        if (IsWaiting(sequence))
        {
            SlotOf(sequence).Returned = reason;
        }
    }

    /// <summary>Completes one publish, or all up to it.</summary>
    public void Complete(ulong sequence, bool multiple, bool acked, List<(T Item, PublishOutcome Outcome)> completed)
    {
        if (multiple)
        {
            var last = sequence == 0 ? _next - 1 : sequence;
            for (var current = _oldest; current <= last && current < _next; current++)
            {
                CompleteOne(current, acked, completed);
            }
        }
        else
        {
            CompleteOne(sequence, acked, completed);
        }

        while (_oldest < _next && !SlotOf(_oldest).Waiting)
        {
            _oldest++;
        }
    }

    /// <summary>Empties the window: what still waited is given an outcome by item and time of sending.</summary>
    public void Fail(Func<T, long, PublishOutcome> outcomeOf, List<(T Item, PublishOutcome Outcome)> completed)
    {
        for (; _oldest < _next; _oldest++)
        {
            ref var slot = ref SlotOf(_oldest);
            if (slot.Waiting)
            {
                // A return is final news even if its ack was lost with the channel.
                completed.Add((slot.Item!, slot.Returned is { } reason ? new(PublishResult.Returned, reason) : outcomeOf(slot.Item!, slot.SentAt)));
                slot = default;
                Outstanding--;
            }
        }
    }

    private void Grow()
    {
        var (slots, mask) = (new Slot[_slots.Length * 2], (_slots.Length * 2) - 1);
        for (var sequence = _oldest; sequence < _next; sequence++)
        {
            slots[(int)(sequence & (ulong)mask)] = SlotOf(sequence);
        }

        (_slots, _mask) = (slots, mask);
    }

    private void CompleteOne(ulong sequence, bool acked, List<(T Item, PublishOutcome Outcome)> completed)
    {
        if (!IsWaiting(sequence))
        {
            return;
        }

        ref var slot = ref SlotOf(sequence);
        completed.Add((slot.Item!, slot switch
        {
            { Returned: { } reason } => new(PublishResult.Returned, reason),
            _ when acked => PublishOutcome.Confirmed,
            _ => new(PublishResult.Nacked, "The broker refused the message (basic.nack)."),
        }));
        slot = default;
        Outstanding--;
    }

    private bool IsWaiting(ulong sequence) => sequence >= _oldest && sequence < _next && SlotOf(sequence).Waiting;

    private ref Slot SlotOf(ulong sequence) => ref _slots[(int)(sequence & (ulong)_mask)];

    private struct Slot
    {
        public T? Item;
        public long SentAt;
        public string? Returned;
        public bool Waiting;
    }
}
