namespace ReliableMq.Handling;

/// <summary>
/// What an attempt is still allowed: it runs, and then it either commits or is abandoned, never both. Whoever is first
/// decides.
/// </summary>
/// <param name="cancellationToken">Cancelled at the timeout, and when the host waits no longer.</param>
internal sealed class Attempt(CancellationToken cancellationToken)
{
    private enum State
    {
        Running,
        Committing,
        Abandoned,
    }

    private State _state;

    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>Of its transaction, by which its session is found; 0 before the handler runs.</summary>
    public uint TransactionId { get; set; }

    /// <exception cref="OperationCanceledException">It was abandoned, so nothing of it may be committed.</exception>
    public void BeginCommit()
    {
        if (Interlocked.CompareExchange(ref _state, State.Committing, State.Running) == State.Abandoned)
        {
            throw new OperationCanceledException("The attempt was given up before.");
        }
    }

    /// <summary>Nothing was committed, as far as is known.</summary>
    public void CommitFailed() => Interlocked.CompareExchange(ref _state, State.Running, State.Committing);

    /// <returns>False while it commits, or after that.</returns>
    public bool TryAbandon() => Interlocked.CompareExchange(ref _state, State.Abandoned, State.Running) == State.Running;
}
