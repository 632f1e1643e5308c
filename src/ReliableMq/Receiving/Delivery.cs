using System.Globalization;
using System.Security.Cryptography;
using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Storage;

namespace ReliableMq.Receiving;

/// <summary>
/// One delivery, copied out of the client's buffers. Reading it never throws, whatever another client put
/// into it.
/// </summary>
internal sealed record Delivery
{
    public required ulong Tag { get; init; }
    public required string Queue { get; init; }

    /// <summary>Where it was published, also of a copy that was then sent to the queue directly.</summary>
    public required string Exchange { get; init; }
    public required string RoutingKey { get; init; }
    public required bool Redelivered { get; init; }

    /// <summary>
    /// Null where the sender gave none, or one that cannot tell messages apart: the client reads bytes that are
    /// no UTF-8 as U+FFFD, so that different ids look the same and one message would pass for another.
    /// </summary>
    public required string? MessageId { get; init; }

    /// <summary>Whether the id was made here, so that no other copy of the delivery has it.</summary>
    public bool HasDerivedId { get; init; }

    /// <summary>The message's name: its <c>type</c>, or its routing key where foreign senders give no type.</summary>
    public required string Name { get; init; }

    public required string? ContentType { get; init; }
    public required string? CorrelationId { get; init; }
    public required string? ReplyTo { get; init; }

    /// <summary>The application that sent it.</summary>
    public string? AppId { get; init; }

    /// <summary>The broker's user that sent it, if it says so; the broker refuses a wrong one.</summary>
    public string? UserId { get; init; }

    /// <summary>The AMQP timestamp.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    public required byte? Priority { get; init; }
    public required byte[] Body { get; init; }
    public required Dictionary<string, object?> Headers { get; init; }

    /// <summary>Of the body: the first half of its SHA-256.</summary>
    public Guid Fingerprint => _fingerprint ??= FingerprintOf(Body);

    private Guid? _fingerprint;

    /// <summary>By the monotonic clock.</summary>
    public required long ReceivedTimestamp { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>The round of the message: raised when it is scheduled again or replayed.</summary>
    public int Epoch => EpochOf(Headers);

    /// <summary>The number of this attempt where attempts are not counted in a database.</summary>
    public int Attempt => NumberOf(Headers, MessageHeaders.Attempt) is { } attempt and > 0 ? attempt : 1;

    /// <summary>Until when it is held back where that is not kept in a database.</summary>
    public DateTimeOffset? NotBefore => TimeOf(MessageHeaders.NotBefore);

    /// <summary>When it failed at first where that is not kept in a database.</summary>
    public DateTimeOffset? FirstFailedAt => TimeOf(MessageHeaders.FirstFailedAt);

    /// <summary>How often it was returned to the queue, by the broker's count.</summary>
    public int Returns => NumberOf(Headers, "x-delivery-count") ?? 0;

    public string? CausationId => Clean(Headers.GetValueOrDefault(MessageHeaders.CausationId) as string);

    public string? OrderingKey => Clean(Headers.GetValueOrDefault(MessageHeaders.OrderingKey) as string);

    public string? TraceParent => Clean(Headers.GetValueOrDefault(MessageHeaders.TraceParent) as string);

    public DateTimeOffset? SentAt => TimeOf(MessageHeaders.SentAt);

    /// <summary>Before this time it was handled nowhere: when it was sent at first, which foreign senders tell by the timestamp.</summary>
    public DateTimeOffset? FirstSentAt => SentAt ?? Timestamp;

    public DateTimeOffset? ExpiresAt => TimeOf(MessageHeaders.ExpiresAt);

    /// <summary>The epoch of a message with these headers.</summary>
    public static int EpochOf(IReadOnlyDictionary<string, object?> headers) => NumberOf(headers, MessageHeaders.Epoch) ?? 0;

    private static int? NumberOf(IReadOnlyDictionary<string, object?> headers, string header) => headers.GetValueOrDefault(header) switch
    {
        int number and >= 0 => number,
        long number and >= 0 and <= int.MaxValue => (int)number,
        _ => null,
    };

    private DateTimeOffset? TimeOf(string header) =>
        Headers.GetValueOrDefault(header) is long milliseconds and >= 0 and <= 253_402_300_799_999
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;

    public static Delivery From(
        string queue, ulong tag, bool redelivered, string exchange, string routingKey,
        IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, TimeProvider time)
    {
        var messageId = properties.MessageId;
        var headers = Copy(properties.Headers, depth: 1);
        if (exchange.Length == 0 && headers.GetValueOrDefault(MessageHeaders.Exchange) is string origin && headers.GetValueOrDefault(MessageHeaders.RoutingKey) is string key)
        {
            (exchange, routingKey) = (origin, key);
        }

        return new Delivery
        {
            Tag = tag,
            Queue = queue,
            Exchange = exchange,
            RoutingKey = routingKey,
            Redelivered = redelivered,
            MessageId = string.IsNullOrEmpty(messageId) || messageId.AsSpan().ContainsAny('\0', '\uFFFD') ? null : messageId,
            Name = SafeText.Clean(string.IsNullOrEmpty(properties.Type) ? routingKey : properties.Type),
            ContentType = Clean(properties.ContentType),
            CorrelationId = Clean(properties.CorrelationId),
            ReplyTo = Clean(properties.ReplyTo),
            AppId = Clean(properties.AppId),
            UserId = Clean(properties.UserId),
            Timestamp = properties.IsTimestampPresent() && properties.Timestamp.UnixTime is > 0 and <= 253_402_300_799 and var seconds
                ? DateTimeOffset.FromUnixTimeSeconds(seconds)
                : null,
            Priority = properties.IsPriorityPresent() ? properties.Priority : null,
            Body = body.ToArray(),
            Headers = headers,
            ReceivedTimestamp = time.GetTimestamp(),
            ReceivedAt = time.GetUtcNow(),
        };
    }

    private static Dictionary<string, object?> Copy(IDictionary<string, object?>? headers, int depth)
    {
        var copy = new Dictionary<string, object?>(headers?.Count ?? 0, StringComparer.Ordinal);
        foreach (var (name, value) in headers ?? new Dictionary<string, object?>())
        {
            copy[name] = Readable(value, depth);
        }

        return copy;
    }

    /// <summary>The client hands text over as bytes. What is nested too deeply to be read safely stays as it is.</summary>
    private static object? Readable(object? value, int depth) => value switch
    {
        byte[] bytes => HeaderJson.TryText(bytes, out var text) ? text : bytes,
        IDictionary<string, object?> table when depth < HeaderJson.MaxDepth => Copy(table, depth + 1),
        IList<object?> list when depth < HeaderJson.MaxDepth => list.Select(item => Readable(item, depth + 1)).ToList(),
        _ => value,
    };

    private static Guid FingerprintOf(byte[] body)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, hash);
        return new Guid(hash[..16], bigEndian: true);
    }

    /// <summary>With a text that PostgreSQL refuses, not even the failure of the message could be stored.</summary>
    private static string? Clean(string? text) => text is null ? null : SafeText.Clean(text);

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"\"{Name}\" {MessageId ?? "(no id)"} from \"{Queue}\"");

    /// <summary>Two deliveries are never the same, whatever they contain.</summary>
    public bool Equals(Delivery? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
