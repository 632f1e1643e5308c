using Npgsql;
using ReliableMq.Broker;
using ReliableMq.Failing;
using ReliableMq.Inbox;
using ReliableMq.Outbox;

namespace ReliableMq.DeadLettering;

/// <summary>A dead letter on its way back to its queue.</summary>
internal sealed record ReplayRow
{
    public required DeadLetterId Id { get; init; }
    public required string Name { get; init; }
    public required string ContentType { get; init; }
    public required Dictionary<string, object?> Headers { get; init; }
    public required byte[] Body { get; init; }
    public required string? CorrelationId { get; init; }
    public required string? ReplyTo { get; init; }
    public required byte? Priority { get; init; }
    public required DateTime DeadAt { get; init; }

    /// <summary>Where it was published at first.</summary>
    public required string Exchange { get; init; }

    public required string RoutingKey { get; init; }

    /// <summary>Whether it died because it is older than what the inbox remembers: it may have been handled.</summary>
    public required bool IsBeyondHorizon { get; init; }

    public DeadLetterPosition Position => new(DeadAt, Id.Queue, Id.MessageId, Id.Epoch);

    /// <summary>Reads the columns of <see cref="ReplaySql.Rows"/>.</summary>
    public static ReplayRow Read(NpgsqlDataReader reader) => new()
    {
        Id = new DeadLetterId(reader.GetString(0), reader.GetString(1), reader.GetInt32(2)),
        Name = reader.GetString(3),
        ContentType = reader.IsDBNull(4) ? "" : reader.GetString(4),
        Headers = reader.IsDBNull(5) ? [] : HeaderJson.Read(reader.GetString(5)),
        Body = reader.GetFieldValue<byte[]>(6),
        CorrelationId = reader.IsDBNull(7) ? null : reader.GetString(7),
        ReplyTo = reader.IsDBNull(8) ? null : reader.GetString(8),
        Priority = reader.IsDBNull(9) ? null : (byte)reader.GetInt16(9),
        DeadAt = reader.GetDateTime(10),
        Exchange = reader.GetString(11),
        RoutingKey = reader.GetString(12),
        IsBeyondHorizon = !reader.IsDBNull(13) && reader.GetString(13) == typeof(TooOldToDedupeException).FullName,
    };

    /// <summary>What came can be sent again; what an operator makes of it must be as small as what the code sends.</summary>
    /// <exception cref="ReliableMqException">It is not.</exception>
    public void ThrowIfTooLarge(ReplayOptions options, int most)
    {
        if (options.Body is { } body)
        {
            MessageFactory.ThrowIfTooLarge(Name, body.Length, most);
        }

        if (options.Headers.Any(header => header.Value is not null))
        {
            var kept = Headers.Where(header => header.Value is string && !options.Headers.ContainsKey(header.Key)).Select(header => KeyValuePair.Create(header.Key, (string?)header.Value));
            MessageFactory.ThrowIfHeadersTooLarge(Name, kept.Concat(options.Headers.Where(header => header.Value is not null)));
        }
    }

    /// <summary>
    /// The copy that goes to its own queue. It has no place in the order of its key any more, and its time to expire was
    /// over long ago: whoever replays it wants it handled.
    /// </summary>
    public OutboxMessage Copy(ReplayOptions options)
    {
        var headers = CopyableHeaders.OfNextEpoch(Headers, Exchange, RoutingKey, Id.Epoch);
        headers.Remove(MessageHeaders.OrderingKey);
        headers.Remove(MessageHeaders.ExpiresAt);
        foreach (var (name, value) in options.Headers)
        {
            if (value is null)
            {
                headers.Remove(name);
            }
            else
            {
                headers[name] = value;
            }
        }

        return new OutboxMessage
        {
            MessageId = Id.MessageId,
            Name = Name,
            Exchange = "",
            RoutingKey = Id.Queue,
            ContentType = ContentType,
            Headers = HeaderJson.Write(headers),
            Body = options.Body?.ToArray() ?? Body,
            CorrelationId = CorrelationId,
            CausationId = headers.GetValueOrDefault(MessageHeaders.CausationId) as string,
            TraceParent = headers.GetValueOrDefault(MessageHeaders.TraceParent) as string,
            ReplyTo = ReplyTo,
            Priority = Priority,
        };
    }
}
