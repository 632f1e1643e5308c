using ReliableMq.Faults.Running;
using ReliableMq.Faults.Workload;

namespace ReliableMq.Faults.Checking;

/// <summary>All that the checker looks at.</summary>
internal sealed record Evidence
{
    public IReadOnlyList<JournalLine> Journal { get; init; } = [];
    public IReadOnlyList<StoredRow> Stored { get; init; } = [];

    /// <summary>In the order in which they were made.</summary>
    public IReadOnlyList<EffectRow> Effects { get; init; } = [];
    public IReadOnlyList<DeadRow> DeadLetters { get; init; } = [];
    public IReadOnlyList<Loss> Losses { get; init; } = [];
}

/// <summary>A message that a transaction stored.</summary>
internal sealed record StoredRow(string Id, string Kind, string? Key = null, long? Position = null, DateTime? DueAt = null, bool IsPoison = false, DateTime StoredAt = default);

internal sealed record EffectRow(string Queue, string Id, string? Key = null, string? After = null, DateTime At = default);

/// <summary>A dead letter.</summary>
/// <param name="Queue">Where it died.</param>
/// <param name="Id">The workload's id, from the body.</param>
/// <param name="Reason">As an operator reads it.</param>
/// <param name="IsWaiting">Neither replayed nor discarded.</param>
internal sealed record DeadRow(string Queue, string Id, string Reason, bool IsWaiting);
