using ReliableMq.Failing;

namespace ReliableMq.Inbox;

/// <summary>The mark that an earlier run of a message has left.</summary>
/// <param name="Node">The process that runs it, or that ended meanwhile; null for none.</param>
/// <param name="Host">Its machine.</param>
/// <param name="StartedAt">When that run began.</param>
/// <param name="AliveUntil">Until then the process is taken to live.</param>
/// <param name="Left">How long that is, by the database's clock.</param>
/// <param name="IsSuspect">A process has ended while it ran, so it runs alone.</param>
/// <param name="LoneDeaths">How many processes have ended while it ran alone.</param>
/// <param name="History">One line for each process that ended.</param>
internal sealed record StartMark(
    Guid? Node, string Host, DateTime StartedAt, DateTime AliveUntil, TimeSpan Left, bool IsSuspect, int LoneDeaths, string History)
{
    /// <summary>How it is told in the history.</summary>
    public string Line => $"\n- {StartedAt.ToUniversalTime():u} in the process {Node} on \"{Host}\"{(IsSuspect ? ", alone" : ", together with other redelivered messages")}";
}

/// <summary>What to do with a message that has a mark.</summary>
internal enum StartDecision
{
    Run,

    /// <summary>As the only suspect of this process.</summary>
    RunAlone,

    /// <summary>It runs elsewhere, or nobody can know yet.</summary>
    Wait,

    /// <summary>The process that ran it has ended.</summary>
    Suspect,

    /// <summary>It has ended processes often enough, and only its verdict is missing.</summary>
    GiveUp,
}

/// <summary>The decisions about marks, without a database.</summary>
internal static class StartRules
{
    /// <summary>
    /// So often a message may end its process while it runs alone, whatever its retries: each time interrupts all its
    /// neighbours, so it is not more, and a process may be killed for other reasons, so it is not less.
    /// </summary>
    public const int MostLoneDeaths = 3;

    /// <summary>A process is dead when it has not renewed its marks for three of its intervals.</summary>
    public static TimeSpan Lease(TimeSpan pollInterval) => TimeSpan.FromSeconds(Math.Clamp(3 * pollInterval.TotalSeconds, 3, 60));

    /// <param name="mark">What was found.</param>
    /// <param name="node">This process.</param>
    /// <param name="runsHere">Whether this process runs the message just now.</param>
    /// <param name="isSure">
    /// Whether the database was seen without a break for as long as a mark lasts: who lives has then had the time to
    /// renew its marks.
    /// </param>
    public static StartDecision Decide(StartMark mark, Guid node, bool runsHere, bool isSure) =>
        runsHere ? StartDecision.Wait
        : mark.Node is { } other && other != node ? mark.Left > TimeSpan.Zero || !isSure ? StartDecision.Wait : StartDecision.Suspect
        // One of this very process has ended without being cleared, which says nothing about the message.
        : mark.LoneDeaths >= MostLoneDeaths ? StartDecision.GiveUp
        : mark.IsSuspect ? StartDecision.RunAlone
        : StartDecision.Run;
}

/// <summary>A message has ended the process that handled it, and nothing else that was suspected ran there.</summary>
internal sealed class ProcessEndedException(int times, string history) : NotThrownException(
    $"The process ended while it handled this message alone, {times} time(s). Processes that ended while they handled it:{history}")
{
    /// <summary>Whether that was often enough.</summary>
    public bool IsLast => times >= StartRules.MostLoneDeaths;
}
