using System.Text.Json.Serialization;

namespace ReliableMq;

/// <summary>A message that was given up.</summary>
public sealed record DeadLetter
{
    /// <summary>The queue in whose handling it was given up.</summary>
    public required string Queue { get; init; }

    /// <summary>The message's id; one that starts with <c>derived-</c> or <c>no-id-</c> was made here.</summary>
    public required string MessageId { get; init; }

    /// <summary>Its round: raised by each replay, so that a message that dies again is another dead letter.</summary>
    public required int Epoch { get; init; }

    /// <summary>What names this dead letter.</summary>
    public DeadLetterId Id => new(Queue, MessageId, Epoch);

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

    /// <summary>When it was replayed, by the database's clock; null where it was not.</summary>
    public DateTimeOffset? ReplayedAt { get; init; }

    /// <summary>The id shared by the messages of its business process.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>What its body is, as its sender said.</summary>
    public string? ContentType { get; init; }

    /// <summary>Its body as it came.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Its headers as text.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }
}

/// <summary>Names a dead letter.</summary>
/// <param name="Queue">The queue in whose handling it was given up.</param>
/// <param name="MessageId">The message's id.</param>
/// <param name="Epoch">Its round.</param>
public sealed record DeadLetterId(string Queue, string MessageId, int Epoch);

/// <summary>Which dead letters. What is not given is not asked for, but for <see cref="State"/>.</summary>
public sealed record DeadLetterFilter
{
    /// <summary>What has become of them.</summary>
    /// <value>Default: those that wait for an operator. Null: any.</value>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public DeadLetterState? State { get; init; } = DeadLetterState.Waiting;

    /// <summary>Only those of this queue.</summary>
    public string? Queue { get; init; }

    /// <summary>Only those of this message.</summary>
    public string? MessageId { get; init; }

    /// <summary>Only the one of this round.</summary>
    public int? Epoch { get; init; }

    /// <summary>Only those with this name.</summary>
    public string? MessageName { get; init; }

    /// <summary>Only those of this type of exception, such as <c>System.TimeoutException</c>; empty means those without one.</summary>
    public string? ExceptionType { get; init; }

    /// <summary>Only those of this business process.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>Only those with this text in their reason or exception, ASCII letters in upper or lower case.</summary>
    public string? Text { get; init; }

    /// <summary>Only those given up then or later.</summary>
    public DateTimeOffset? DeadFrom { get; init; }

    /// <summary>Only those given up before.</summary>
    public DateTimeOffset? DeadUntil { get; init; }
}

/// <summary>What has become of a dead letter.</summary>
public enum DeadLetterState
{
    /// <summary>It waits for an operator.</summary>
    Waiting,

    /// <summary>Nobody will handle it.</summary>
    Discarded,

    /// <summary>It was sent to its queue again.</summary>
    Replayed,
}
