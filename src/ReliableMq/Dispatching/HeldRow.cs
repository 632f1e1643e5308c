using ReliableMq.Outbox;

namespace ReliableMq.Dispatching;

/// <summary>A row with the moment, by this process's monotonic clock, until which it may be published.</summary>
internal readonly record struct HeldRow(OutboxRow Row, long UsableUntil)
{
    /// <param name="row">The row as the database answered.</param>
    /// <param name="askedAt">When the database was asked, which is before its answer began to age.</param>
    /// <param name="lease">The lease.</param>
    /// <param name="time">The clock.</param>
    public static HeldRow From(OutboxRow row, long askedAt, TimeSpan lease, TimeProvider time) =>
        new(row, askedAt + (long)(DispatchRules.UsableFor(row.Remaining, lease).TotalSeconds * time.TimestampFrequency));

    public bool IsUsable(TimeProvider time) => time.GetTimestamp() < UsableUntil;
}
