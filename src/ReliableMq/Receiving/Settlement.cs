namespace ReliableMq.Receiving;

internal enum SettlementKind
{
    /// <summary>The effect is committed, or the message is safe elsewhere.</summary>
    Ack,

    /// <summary>Back to the queue, after a delay in which no handler is occupied.</summary>
    Requeue,

    /// <summary>Back to the queue at once, where the broker itself keeps it back for a while.</summary>
    Return,

    /// <summary>To the dead-letter queue.</summary>
    DeadLetter,

    /// <summary>Back to the queue, and no more deliveries until the database can be reached.</summary>
    Pause,
}

/// <summary>What becomes of a delivery. One place, <see cref="DeliverySettler"/>, carries it out.</summary>
/// <param name="Kind">What.</param>
/// <param name="Delay">Until then it is held.</param>
/// <param name="IsRecorded">The database knows that the message waits, and parks those behind it.</param>
internal readonly record struct Settlement(SettlementKind Kind, TimeSpan Delay = default, bool IsRecorded = false)
{
    public static readonly Settlement Ack = new(SettlementKind.Ack);
    public static readonly Settlement Requeue = new(SettlementKind.Requeue);
    public static readonly Settlement Return = new(SettlementKind.Return);
    public static readonly Settlement DeadLetter = new(SettlementKind.DeadLetter);
    public static readonly Settlement Pause = new(SettlementKind.Pause);

    /// <summary>Made by <see cref="HoldBudget"/>, which counts what is held.</summary>
    public static Settlement RequeueAfter(TimeSpan delay, bool isRecorded) => new(SettlementKind.Requeue, delay, isRecorded);
}
