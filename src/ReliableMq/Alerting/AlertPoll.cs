namespace ReliableMq.Alerting;

/// <summary>What one look at a database's alerts found for one sink.</summary>
/// <param name="Gathered">How often each kind was raised, of what was added to its alert just now.</param>
/// <param name="GatheredAll">Whether nothing raised was left.</param>
/// <param name="Claimed">What this process may tell now.</param>
/// <param name="Next">The time until the next may be told, where there is one.</param>
internal sealed record AlertPoll(IReadOnlyList<(string Kind, long Count)> Gathered, bool GatheredAll, ClaimedAlert? Claimed, TimeSpan? Next);

/// <summary>An alert that this process tells one sink.</summary>
/// <param name="Alert">What to tell.</param>
/// <param name="Fence">Names the claim when its outcome is recorded.</param>
/// <param name="Attempts">How often the sink failed to take it in a row.</param>
internal sealed record ClaimedAlert(Alert Alert, long Fence, int Attempts);
