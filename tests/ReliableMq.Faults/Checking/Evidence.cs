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
    /// <summary>The message ids of what the library's own history calls cancelled.</summary>
    public IReadOnlySet<string> Cancelled { get; init; } = new HashSet<string>();
    public IReadOnlyList<Loss> Losses { get; init; } = [];

    /// <summary>When messages that were to be cancelled late were seen first on their way to the broker.</summary>
    public IReadOnlyDictionary<string, DateTime> Sightings { get; init; } = new Dictionary<string, DateTime>();
    public IReadOnlyList<Blind> Blind { get; init; } = [];
}

/// <summary>A message that a transaction stored.</summary>
internal sealed record StoredRow(string Id, string Kind, string? Key = null, long? Position = null, DateTime? DueAt = null, bool IsHopeless = false, bool MayDie = false, int AttemptsToDie = 0, DateTime StoredAt = default);

internal sealed record EffectRow(string Queue, string Id, string? Key = null, string? After = null, DateTime At = default);

/// <summary>A dead letter.</summary>
/// <param name="Queue">Where it died.</param>
/// <param name="Id">The workload's id, from the body.</param>
/// <param name="Reason">As an operator reads it.</param>
/// <param name="IsWaiting">Neither replayed nor discarded.</param>
/// <param name="IsDiscarded">An operator said that nobody will handle it.</param>
/// <param name="Attempts">How often it was tried.</param>
internal sealed record DeadRow(string Queue, string Id, string Reason, bool IsWaiting, bool IsDiscarded = false, int Attempts = Fates.MostAttempts);
