namespace ReliableMq;

/// <summary>What can be said about one message when it is added.</summary>
public sealed class MessageOptions
{
    /// <summary>
    /// The message's id. Receivers handle an id once per queue, so the same id twice has one effect.
    /// </summary>
    /// <value>Default: a new UUIDv7. At most 255 bytes of UTF-8.</value>
    public string? MessageId { get; init; }

    /// <summary>An id shared by all messages of one business process. At most 255 bytes of UTF-8.</summary>
    /// <value>Default: while a message is being handled, that message's correlation id; else none.</value>
    public string? CorrelationId { get; init; }

    /// <summary>Further headers. Names starting with <c>x-</c> belong to the broker and the library.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>Not to be sent before this time; it leaves within about a second of it.</summary>
    /// <value>Default: at once.</value>
    public DateTimeOffset? DeliverAt { get; init; }
}
