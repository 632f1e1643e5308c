namespace ReliableMq.Receiving;

/// <summary>
/// Whose turn it is among the deliveries of an ordering key: one has it, those that came after it wait in here for
/// it to pass, and occupy nothing else.
/// </summary>
internal sealed class KeyTurns(QueueOrder order)
{
    private readonly Lock _gate = new();

    /// <summary>The keys of which a delivery has the turn, with those that wait; null while none does.</summary>
    private readonly Dictionary<string, Queue<Delivery>?> _waiting = new(StringComparer.Ordinal);

    /// <returns>Whether it is the delivery's turn; if not, it is given to whoever has it, later.</returns>
    public bool TryTake(Delivery delivery)
    {
        if (OrderingKeys.TurnOf(delivery, order) is not { } key)
        {
            return true;
        }

        lock (_gate)
        {
            if (_waiting.TryAdd(key, null))
            {
                return true;
            }

            (_waiting[key] ??= new()).Enqueue(delivery);
            return false;
        }
    }

    /// <summary>A delivery has had its turn.</summary>
    /// <returns>The one whose turn it is now.</returns>
    public Delivery? Pass(Delivery delivery)
    {
        if (OrderingKeys.TurnOf(delivery, order) is not { } key)
        {
            return null;
        }

        lock (_gate)
        {
            if (_waiting[key]?.TryDequeue(out var next) == true)
            {
                return next;
            }

            _waiting.Remove(key);
            return null;
        }
    }
}
