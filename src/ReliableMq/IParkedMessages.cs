namespace ReliableMq;

/// <summary>
/// The messages of ordered queues that wait behind an earlier one of their ordering key, which fails: to look at, and
/// to let go on without it.
/// </summary>
public interface IParkedMessages
{
    /// <summary>Lists them in their order, key after key, reading in pages.</summary>
    /// <param name="filter">Which ones; null means all.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    IAsyncEnumerable<ParkedMessage> ListAsync(ParkedMessageFilter? filter = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Lets the messages of a key go on, one after the other, without the one they wait for: it keeps its attempts,
    /// but has no order any more. For a message that fails for long, or that was lost with its queue.
    /// </summary>
    /// <param name="queue">The queue.</param>
    /// <param name="orderingKey">The key; an empty text means the messages without a key.</param>
    /// <param name="who">Who asks for it, for the audit.</param>
    /// <param name="cancellationToken">Cancels the statements.</param>
    /// <returns>Whether a message of the key was parked.</returns>
    Task<bool> GoOnAsync(string queue, string orderingKey, string who, CancellationToken cancellationToken = default);
}

/// <summary>Which parked messages to list. What is not given is not asked for.</summary>
public sealed class ParkedMessageFilter
{
    /// <summary>Only those of this queue.</summary>
    public string? Queue { get; init; }

    /// <summary>Only those with this ordering key.</summary>
    public string? OrderingKey { get; init; }
}

/// <summary>A message that waits behind an earlier one of its ordering key.</summary>
public sealed record ParkedMessage
{
    /// <summary>The queue that it came from and goes back to.</summary>
    public required string Queue { get; init; }

    /// <summary>
    /// Its ordering key; empty for one without in a queue whose order is <see cref="QueueOrder.OneAtATime"/>. One of
    /// more than 255 characters is shown as its hash.
    /// </summary>
    public required string OrderingKey { get; init; }

    /// <summary>The message's id.</summary>
    public required string MessageId { get; init; }

    /// <summary>The message's name.</summary>
    public required string MessageName { get; init; }

    /// <summary>The id of the message that it waits for, perhaps behind others; null in the moment in which that one ends.</summary>
    public string? WaitsFor { get; init; }

    /// <summary>When it was parked, by the database's clock.</summary>
    public required DateTimeOffset ParkedAt { get; init; }

    /// <summary>The id shared by the messages of its business process.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>Its body as it came.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Its headers as text.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }
}
