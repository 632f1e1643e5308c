namespace ReliableMq.Receiving;

/// <summary>
/// Where deliveries of a consumer wait. How many may be held for a delayed nack is a share of the prefetch, so that
/// failing messages never take all of it from the good ones; what the broker delays takes nothing of it.
/// </summary>
internal sealed class HoldBudget(int prefetch, BrokerDelays? broker = null)
{
    private int _free = Math.Max(1, prefetch / 2);

    /// <summary>Has a delivery wait whose failure is recorded, if there is room; otherwise the caller finds another place for it.</summary>
    public bool TryHold(Delivery delivery, TimeSpan delay, out Settlement settlement)
    {
        if (broker?.TryUse(delivery, delay) == true)
        {
            settlement = Settlement.Return;
            return true;
        }

        settlement = Settlement.RequeueAfter(delay, isRecorded: true);
        if (Interlocked.Decrement(ref _free) >= 0)
        {
            return true;
        }

        Interlocked.Increment(ref _free);
        return false;
    }

    /// <summary>Holds a delivery beyond the budget, for the rare one that has no other place and must not spin.</summary>
    public Settlement Hold(TimeSpan delay)
    {
        Interlocked.Decrement(ref _free);
        return Settlement.RequeueAfter(delay, isRecorded: false);
    }

    /// <summary>Has a delivery wait for the rest of its delay, whose failure is recorded and which came back before that.</summary>
    public Settlement HoldRest(Delivery delivery, TimeSpan rest) =>
        TryHold(delivery, rest, out var held) ? held : Hold(rest) with { IsRecorded = true };

    public void Return() => Interlocked.Increment(ref _free);

    /// <summary>A delivery does not wait as it was meant to.</summary>
    public void Return(Delivery delivery, Settlement held)
    {
        if (held.Kind == SettlementKind.Requeue)
        {
            Return();
        }
        else
        {
            broker?.Forget(delivery);
        }
    }
}
