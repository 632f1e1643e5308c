namespace ReliableMq;

/// <summary>The stored messages of this service that have not left: to look at, to send now, to cancel.</summary>
public interface IPendingMessages
{
    /// <summary>Lists them, oldest first, reading in pages. Those that are stored meanwhile come last.</summary>
    /// <param name="filter">Which ones; null means all.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    IAsyncEnumerable<PendingMessage> ListAsync(PendingMessageFilter? filter = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Offers messages at once, whatever they wait for: their due time, their next attempt, an operator. The
    /// attempts of failed ones count from zero again. One that is being sent this moment is left alone.
    /// </summary>
    /// <param name="filter">Which ones; an empty filter means all.</param>
    /// <param name="who">Who asks for it, for the audit.</param>
    /// <param name="reason">Why, for the audit.</param>
    /// <param name="cancellationToken">Ends the work between two batches.</param>
    /// <returns>How many.</returns>
    Task<int> SendNowAsync(PendingMessageFilter filter, string who, string? reason = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Takes messages out of the outbox unsent; the history keeps them as cancelled. One that is being sent this
    /// moment is left alone. Only of a <see cref="PendingState.Scheduled"/> one is it certain that it does not arrive:
    /// another may have been sent before without its confirm having come back. The further attempts of this service's own handlers are pending messages, too (their
    /// <see cref="PendingMessage.Exchange"/> is empty): a message whose attempt is cancelled becomes a discarded dead
    /// letter, which can be replayed, and the dead letter of a cancelled replay waits again.
    /// </summary>
    /// <param name="filter">Which ones; an empty filter means all.</param>
    /// <param name="who">Who asks for it, for the audit.</param>
    /// <param name="reason">Why, for the audit.</param>
    /// <param name="cancellationToken">Ends the work between two batches.</param>
    /// <returns>How many.</returns>
    Task<int> CancelAsync(PendingMessageFilter filter, string who, string? reason = null, CancellationToken cancellationToken = default);
}

/// <summary>Which pending messages. What is not given is not asked for.</summary>
public sealed class PendingMessageFilter
{
    /// <summary>Only the one with this id. Found by an index among the <see cref="PendingState.Scheduled"/>.</summary>
    public string? MessageId { get; init; }

    /// <summary>Only those in this state.</summary>
    public PendingState? State { get; init; }

    /// <summary>Only those with this name.</summary>
    public string? MessageName { get; init; }

    /// <summary>Only those with this ordering key.</summary>
    public string? OrderingKey { get; init; }

    /// <summary>Only these rows.</summary>
    public IReadOnlyCollection<Guid>? Rows { get; init; }

    /// <summary>Only those of this business process.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>Only those to this exchange, or back to this queue.</summary>
    public string? Destination { get; init; }

    /// <summary>Only those with this kind of error, as in <see cref="PendingMessage.ErrorKind"/>.</summary>
    public string? ErrorKind { get; init; }

    /// <summary>Only those with this text in their error, ASCII letters in upper or lower case.</summary>
    public string? Text { get; init; }

    /// <summary>Only those stored then or later.</summary>
    public DateTimeOffset? StoredFrom { get; init; }

    /// <summary>Only those stored before.</summary>
    public DateTimeOffset? StoredUntil { get; init; }
}

/// <summary>What a stored message waits for.</summary>
public enum PendingState
{
    /// <summary>To be sent: now, or after the others of its ordering key. Not tried yet.</summary>
    Pending,

    /// <summary>For its due time; then it is <see cref="Pending"/>.</summary>
    Scheduled,

    /// <summary>For its next attempt: it was tried, or set aside because its destination fails.</summary>
    Retrying,

    /// <summary>For an operator: no further attempt is made. <see cref="IPendingMessages.SendNowAsync"/> begins again.</summary>
    Failed,
}

/// <summary>A stored message that has not left.</summary>
public sealed record PendingMessage
{
    /// <summary>The row, which tells two with the same message id apart.</summary>
    public required Guid Row { get; init; }

    /// <summary>The message's id.</summary>
    public required string MessageId { get; init; }

    /// <summary>The message's name.</summary>
    public required string MessageName { get; init; }

    /// <summary>What it waits for.</summary>
    public required PendingState State { get; init; }

    /// <summary>The exchange it goes to; empty for a retry that goes back to its queue.</summary>
    public required string Exchange { get; init; }

    /// <summary>The routing key it is sent with.</summary>
    public required string RoutingKey { get; init; }

    /// <summary>Its ordering key.</summary>
    public string? OrderingKey { get; init; }

    /// <summary>The id shared by the messages of its business process.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>When it was stored, by the database's clock.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it is to be sent; null means at once.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>When it is tried next; null while it waits behind its ordering key or for an operator.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>How often it was tried.</summary>
    public required int Attempts { get; init; }

    /// <summary>Why it was not sent: <c>returned</c>, <c>nacked</c>, <c>timed out</c> or <c>refused</c>.</summary>
    public string? ErrorKind { get; init; }

    /// <summary>The last error, for people.</summary>
    public string? Error { get; init; }
}
