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

    /// <summary>
    /// Further headers, together at most 64 KiB. Names starting with <c>x-</c>, <c>CC</c> and <c>BCC</c> belong to the broker
    /// and the library.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>
    /// Messages with the same key are sent one after the other, in the order in which their transactions commit.
    /// One that cannot be sent holds back those behind it, and no others. A transaction that has saved a
    /// message of a key lets others with the same key wait until it ends, as a locked row would.
    /// </summary>
    /// <value>Default: none; the order is not guaranteed. At most 255 bytes of UTF-8.</value>
    public string? OrderingKey { get; init; }

    /// <summary>
    /// Not to be sent before this time; it leaves within about a second of it. With an
    /// <see cref="OrderingKey"/> it takes its place in the order then.
    /// </summary>
    /// <value>Default: at once. At most ten years ahead.</value>
    public DateTimeOffset? DeliverAt { get; init; }

    /// <summary>As <see cref="DeliverAt"/>, counted by the database from the moment it is stored. One of the two.</summary>
    /// <value>Default: at once. At most ten years.</value>
    public TimeSpan? DeliverAfter { get; init; }

    /// <summary>
    /// How long the message is of use, counted from when it should leave. One that is not sent by then is kept
    /// in the history as expired; one that is not handled by then becomes a dead letter. The receiver compares
    /// with its own clock.
    /// </summary>
    /// <value>Default: for ever. At most ten years.</value>
    public TimeSpan? ExpiresAfter { get; init; }

    /// <summary>
    /// The priority on the broker. Quorum queues have two levels from RabbitMQ 4.0 (5 and more comes before the
    /// rest), 32 from 4.3 and none before.
    /// </summary>
    /// <value>Default: none.</value>
    public byte? Priority { get; init; }
}
