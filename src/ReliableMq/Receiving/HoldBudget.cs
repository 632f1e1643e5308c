namespace ReliableMq.Receiving;

/// <summary>
/// How many deliveries of a consumer may be held for a delayed nack: a share of the prefetch, so that
/// failing messages never take all of it from the good ones.
/// </summary>
internal sealed class HoldBudget(int prefetch)
{
    private int _free = Math.Max(1, prefetch / 2);

    /// <summary>Holds a delivery whose failure is recorded, if there is room; otherwise the caller finds another place for it.</summary>
    public bool TryHold(TimeSpan delay, out Settlement settlement)
    {
        settlement = Settlement.RequeueAfter(delay, isRecorded: true);
        if (Interlocked.Decrement(ref _free) >= 0)
        {
            return true;
        }

        Interlocked.Increment(ref _free);
        return false;
    }

    /// <summary>Holds a delivery beyond the budget, for the rare one that has no other place and must not spin.</summary>
    public Settlement Hold(TimeSpan delay, bool isRecorded = false)
    {
        Interlocked.Decrement(ref _free);
        return Settlement.RequeueAfter(delay, isRecorded);
    }

    public void Return() => Interlocked.Increment(ref _free);
}
