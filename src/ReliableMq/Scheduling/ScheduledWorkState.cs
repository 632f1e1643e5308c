namespace ReliableMq.Scheduling;

/// <summary>The last run of a piece of work, on whichever process of the service it was.</summary>
/// <param name="Name">The work.</param>
/// <param name="Every">Its interval.</param>
/// <param name="StartedAt">When the last run began, by the database's clock.</param>
/// <param name="FinishedAt">When the last run that ended did so; before <paramref name="StartedAt"/> while one is running.</param>
/// <param name="Duration">How long that took.</param>
/// <param name="Outcome"><c>running</c>, <c>done</c>, <c>failed</c>, or <c>stopped</c> with its host.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Failures">How often it has failed in a row.</param>
/// <param name="Node">The process that ran it.</param>
/// <param name="Host">That process's machine.</param>
/// <param name="NextAt">When it runs again.</param>
internal sealed record ScheduledWorkState(
    string Name, TimeSpan Every, DateTimeOffset StartedAt, DateTimeOffset? FinishedAt, TimeSpan? Duration, string Outcome, string? Error,
    int Failures, Guid Node, string Host, DateTimeOffset NextAt);
