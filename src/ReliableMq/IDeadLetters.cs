namespace ReliableMq;

/// <summary>The messages of this service that were given up, each with its reason: to look at, to replay, to discard.</summary>
public interface IDeadLetters
{
    /// <summary>Lists them, oldest first, reading in pages. Those that arrive meanwhile come last.</summary>
    /// <param name="filter">Which ones; null means all that wait for an operator.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    IAsyncEnumerable<DeadLetter> ListAsync(DeadLetterFilter? filter = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Sends one of them to its queue again, with its attempts counted from zero, through the outbox. A replayed
    /// message has no place in the order of its ordering key.
    /// </summary>
    /// <param name="deadLetter">Which one.</param>
    /// <param name="who">Who asks for it, for the audit.</param>
    /// <param name="options">What is to be changed about it.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="ReliableMqException">
    /// There is none with this id, a header to be changed is the library's, it was replayed before, its message was handled meanwhile, a newer copy is on its way, or it is older than what
    /// the inbox remembers and <see cref="ReplayOptions.BeyondHorizon"/> does not allow that.
    /// </exception>
    Task ReplayAsync(DeadLetterId deadLetter, string who, ReplayOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Sends all that match to their queues again, in the background, at a limited rate. It goes on after a restart, and
    /// none is sent twice. Those that die after this call are not part of it.
    /// </summary>
    /// <param name="filter">Which ones. In any state means: those that wait, and those that were discarded.</param>
    /// <param name="who">Who asks for it, for the audit.</param>
    /// <param name="options">How fast, and how old they may be.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>What was begun, one for each inbox of the service.</returns>
    /// <exception cref="ReliableMqException">
    /// The filter asks for those that were replayed, the rate is not positive, or the service has no inbox.
    /// </exception>
    Task<IReadOnlyList<Replay>> ReplayAsync(DeadLetterFilter filter, string who, ReplayManyOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>How far replays are, the newest first; at most 100 of each inbox.</summary>
    Task<IReadOnlyList<Replay>> ListReplaysAsync(CancellationToken cancellationToken = default);

    /// <summary>Ends a replay where it is. What it has sent stays sent.</summary>
    /// <param name="replay">Which one.</param>
    /// <param name="who">Who asks for it, for the audit.</param>
    /// <param name="reason">Why, for the audit.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ReliableMqException">There is none with this id.</exception>
    Task CancelReplayAsync(ReplayId replay, string who, string? reason = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Says of those that match that nobody will handle them. They are kept, and can still be replayed. Those that die
    /// after this call are not part of it.
    /// </summary>
    /// <param name="filter">Which ones of those that wait.</param>
    /// <param name="who">Who says so, for the audit.</param>
    /// <param name="reason">Why.</param>
    /// <param name="cancellationToken">Ends the work between two batches.</param>
    /// <returns>How many.</returns>
    /// <exception cref="ReliableMqException">The filter asks for another state than waiting, or the service has no inbox.</exception>
    Task<long> DiscardAsync(DeadLetterFilter filter, string who, string reason, CancellationToken cancellationToken = default);

    /// <summary>Writes those that match as JSON, one object a line, with their bodies in base64.</summary>
    /// <param name="filter">Which ones; null means all that wait for an operator.</param>
    /// <param name="destination">Where to; it is not closed.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    /// <returns>How many.</returns>
    Task<long> ExportAsync(DeadLetterFilter? filter, Stream destination, CancellationToken cancellationToken = default);
}
