using System.Globalization;
using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Storage;

namespace ReliableMq.Receiving;

/// <summary>
/// One delivery, copied out of the client's buffers. Reading it never throws, whatever another client put
/// into it.
/// </summary>
internal sealed class Delivery
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

    /// <summary>The message's name: its <c>type</c>, or its routing key where foreign senders give no type.</summary>
    public required string Name { get; init; }

    public required string? ContentType { get; init; }
    public required string? CorrelationId { get; init; }
    public required string? ReplyTo { get; init; }
    public required byte? Priority { get; init; }
    public required byte[] Body { get; init; }
    public required Dictionary<string, object?> Headers { get; init; }

    /// <summary>By the monotonic clock.</summary>
    public required long ReceivedTimestamp { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>The round of the message: raised when it is scheduled again or replayed.</summary>
    public int Epoch => Headers.GetValueOrDefault(MessageHeaders.Epoch) switch
    {
        int epoch and >= 0 => epoch,
        long epoch and >= 0 and <= int.MaxValue => (int)epoch,
        _ => 0,
    };

    public string? CausationId => Clean(Headers.GetValueOrDefault(MessageHeaders.CausationId) as string);

    public string? OrderingKey => Clean(Headers.GetValueOrDefault(MessageHeaders.OrderingKey) as string);

    public string? TraceParent => Clean(Headers.GetValueOrDefault(MessageHeaders.TraceParent) as string);

    public DateTimeOffset? SentAt => TimeOf(MessageHeaders.SentAt);

    public DateTimeOffset? ExpiresAt => TimeOf(MessageHeaders.ExpiresAt);

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

    /// <summary>With a text that PostgreSQL refuses, not even the failure of the message could be stored.</summary>
    private static string? Clean(string? text) => text is null ? null : SafeText.Clean(text);

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"\"{Name}\" {MessageId ?? "(no id)"} from \"{Queue}\"");
}
