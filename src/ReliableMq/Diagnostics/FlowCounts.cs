using ReliableMq.Outbox;

namespace ReliableMq.Diagnostics;

/// <summary>What this process has done since its start. A message costs an increment.</summary>
internal sealed class FlowCounts
{
    private readonly LatencyBuckets _confirm = new();
    private readonly LatencyBuckets _handle = new();
    private long _sent;
    private long _handled;
    private long _failed;
    private long _deadLettered;

    public void Sent(OutboxRow row, DateTimeOffset now)
    {
        if (row.Exchange.Length == 0)
        {
            // A copy that goes back to its queue was sent before.
            return;
        }

        Interlocked.Increment(ref _sent);
        _confirm.Add(now - (row.DueAt > row.CreatedAt ? row.DueAt.Value : row.CreatedAt));
    }

    /// <param name="latency">Since it was stored; null for a message of a foreign sender.</param>
    public void Handled(TimeSpan? latency)
    {
        Interlocked.Increment(ref _handled);
        if (latency is { } known)
        {
            _handle.Add(known);
        }
    }

    public void Failed() => Interlocked.Increment(ref _failed);

    public void DeadLettered() => Interlocked.Increment(ref _deadLettered);

    /// <param name="committed">Counted where messages are stored.</param>
    public FlowTotals Read(long committed) => new(
        committed, Interlocked.Read(ref _sent), Interlocked.Read(ref _handled), Interlocked.Read(ref _failed), Interlocked.Read(ref _deadLettered), _confirm.Read(), _handle.Read());
}

/// <summary>Counts up to a moment, or between two.</summary>
internal sealed record FlowTotals(long Committed, long Sent, long Handled, long Failed, long DeadLettered, long[] Confirm, long[] Handle)
{
    public static FlowTotals Zero { get; } = new(0, 0, 0, 0, 0, new long[LatencyBuckets.Count], new long[LatencyBuckets.Count]);

    public FlowTotals Since(FlowTotals before) => new(
        Committed - before.Committed, Sent - before.Sent, Handled - before.Handled, Failed - before.Failed, DeadLettered - before.DeadLettered,
        [.. Confirm.Zip(before.Confirm, (now, then) => now - then)], [.. Handle.Zip(before.Handle, (now, then) => now - then)]);

    public bool IsSameAs(FlowTotals other) =>
        (Committed, Sent, Handled, Failed, DeadLettered) == (other.Committed, other.Sent, other.Handled, other.Failed, other.DeadLettered)
        && Confirm.AsSpan().SequenceEqual(other.Confirm) && Handle.AsSpan().SequenceEqual(other.Handle);
}
