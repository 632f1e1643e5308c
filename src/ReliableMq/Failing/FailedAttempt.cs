namespace ReliableMq.Failing;

/// <summary>An attempt that failed, as far as it decides what follows.</summary>
/// <param name="Attempt">Its number, from 1.</param>
/// <param name="Exception">What it failed with.</param>
/// <param name="Age">The time since the first failure of the message.</param>
/// <param name="Random">From 0 to 1.</param>
internal readonly record struct FailedAttempt(int Attempt, Exception Exception, TimeSpan Age, double Random);
