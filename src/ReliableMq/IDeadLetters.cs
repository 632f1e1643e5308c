namespace ReliableMq;

/// <summary>The messages of this service that were given up, each with its reason.</summary>
public interface IDeadLetters
{
    /// <summary>Lists them, oldest first, reading in pages. Those that arrive meanwhile come last.</summary>
    /// <param name="filter">Which ones; null means all.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    IAsyncEnumerable<DeadLetter> ListAsync(DeadLetterFilter? filter = null, CancellationToken cancellationToken = default);
}

/// <summary>Which dead letters to list.</summary>
public sealed class DeadLetterFilter
{
    /// <summary>Only those of this queue.</summary>
    /// <value>Default: every queue.</value>
    public string? Queue { get; init; }

    /// <summary>Those that a handler discarded instead of those that wait for an operator.</summary>
    /// <value>Default: false.</value>
    public bool Discarded { get; init; }
}

/// <summary>A message that was given up.</summary>
public sealed record DeadLetter
{
    /// <summary>The queue in whose handling it was given up.</summary>
    public required string Queue { get; init; }

    /// <summary>The message's id; one that starts with <c>no-id-</c> was made for a message without.</summary>
    public required string MessageId { get; init; }

    /// <summary>The message's name.</summary>
    public required string MessageName { get; init; }

    /// <summary>Why it was given up, in one line.</summary>
    public required string Reason { get; init; }

    /// <summary>The type of the last exception; null where the broker gave it up.</summary>
    public string? ExceptionType { get; init; }

    /// <summary>The last exception with its stack; null where the broker gave it up.</summary>
    public string? Exception { get; init; }

    /// <summary>How many attempts were made.</summary>
    public required int Attempts { get; init; }

    /// <summary>When it was given up, by the database's clock.</summary>
    public required DateTimeOffset DeadAt { get; init; }

    /// <summary>When it was discarded, by the database's clock; null while it waits for an operator.</summary>
    public DateTimeOffset? DiscardedAt { get; init; }

    /// <summary>The id shared by the messages of its business process.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>Its body as it came.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Its headers as text.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }
}
