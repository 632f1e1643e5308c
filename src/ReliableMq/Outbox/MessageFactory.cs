using System.Diagnostics;
using System.Text;
using ReliableMq.Broker;
using ReliableMq.Broker.Naming;
using ReliableMq.Handling;
using ReliableMq.Storage;

namespace ReliableMq.Outbox;

/// <summary>Turns what a user adds into what is stored, and refuses there what the broker would refuse later.</summary>
internal sealed class MessageFactory(ReliableMqOptions options, NamesInUse names, MessageSerializer serializer, TimeProvider time)
{
    /// <summary>A frame of the protocol holds all properties of a message, and is 128 KiB by default.</summary>
    public const int MaxHeaderBytes = 64 * 1024;

    private static readonly TimeSpan MostAhead = TimeSpan.FromDays(3660);

    public OutboxMessage Create(object message, MessageOptions? messageOptions)
    {
        var (name, contentType, body) = serializer.Serialize(message);
        ThrowIfTooLarge(name, body.Length, options.Broker.MaxMessageBytes);

        var handling = HandlingScope.Current;
        var id = Guid.CreateVersion7();
        return new OutboxMessage
        {
            Id = id,
            // The row's own where nobody gives one: the primary key then finds the message, too.
            MessageId = MessageId(messageOptions?.MessageId, name) ?? id.ToString(),
            Name = name,
            Exchange = names.ExchangeOf(name, MessageNames.TargetOf(message.GetType())),
            RoutingKey = name,
            ContentType = contentType,
            Headers = Headers(messageOptions, name),
            Body = body,
            CorrelationId = ShortString(messageOptions?.CorrelationId, name, nameof(MessageOptions.CorrelationId)) ?? handling?.CorrelationId,
            CausationId = handling?.MessageId,
            TraceParent = Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity ? activity.Id : null,
            OrderingKey = ShortString(messageOptions?.OrderingKey, name, nameof(MessageOptions.OrderingKey)),
            Priority = messageOptions?.Priority,
            DueAt = DueAt(messageOptions, name),
            Delay = Span(messageOptions?.DeliverAfter, TimeSpan.Zero, name, nameof(MessageOptions.DeliverAfter)),
            Expiration = Span(messageOptions?.ExpiresAfter, TimeSpan.FromMilliseconds(1), name, nameof(MessageOptions.ExpiresAfter)),
        };
    }

    /// <exception cref="ReliableMqException">It has more bytes than the broker would take.</exception>
    public static void ThrowIfTooLarge(string name, int bytes, int most)
    {
        if (bytes > most)
        {
            throw new ReliableMqException(
                $"The message \"{name}\" has {bytes} bytes, more than the {most} allowed. Send a reference to the data, or raise \"ReliableMq:Broker:MaxMessageBytes\" together with RabbitMQ's max_message_size.");
        }
    }

    /// <exception cref="ReliableMqException">They do not fit into a frame.</exception>
    public static void ThrowIfHeadersTooLarge(string name, IEnumerable<KeyValuePair<string, string?>> headers)
    {
        var bytes = headers.Sum(header => Encoding.UTF8.GetByteCount(header.Key) + Encoding.UTF8.GetByteCount(header.Value ?? ""));
        if (bytes > MaxHeaderBytes)
        {
            throw new ReliableMqException(
                $"The headers of the message \"{name}\" have {bytes} bytes, more than the {MaxHeaderBytes} allowed. Put large values into the message.");
        }
    }

    private static string? MessageId(string? value, string name) =>
        ShortString(value, name, nameof(MessageOptions.MessageId)) is { } id && id.Contains('\uFFFD')
            ? throw new ReliableMqException(
                $"The MessageId \"{value}\" of the message \"{name}\" contains U+FFFD, which stands where bytes were no text, so that receivers cannot tell such ids apart. Give the text itself.")
            : value;

    private static string? ShortString(string? value, string name, string option)
    {
        if (value is null)
        {
            return null;
        }

        if (value.Length == 0 || !MessageNames.IsShortString(value) || SafeText.Clean(value) != value)
        {
            throw new ReliableMqException(
                $"The {option} \"{value}\" of the message \"{name}\" is not valid. Use 1 to {MessageNames.MaxShortStringBytes} bytes of UTF-8 without U+0000 and half surrogate pairs.");
        }

        return value;
    }

    /// <summary>A sanity check only: the database's clock decides when the time has come.</summary>
    private DateTimeOffset? DueAt(MessageOptions? messageOptions, string name) => messageOptions switch
    {
        { DeliverAt: not null, DeliverAfter: not null } => throw new ReliableMqException(
            $"The message \"{name}\" has both DeliverAt and DeliverAfter. Give one of them."),
        { DeliverAt: { } at } when at - time.GetUtcNow() > MostAhead => throw new ReliableMqException(
            $"DeliverAt \"{at:O}\" of the message \"{name}\" is more than ten years ahead. Give an earlier time."),
        _ => messageOptions?.DeliverAt,
    };

    private static TimeSpan? Span(TimeSpan? value, TimeSpan least, string name, string option) =>
        value < least || value > MostAhead
            ? throw new ReliableMqException($"{option} \"{value}\" of the message \"{name}\" is not valid. Use {least} to {MostAhead}, about ten years.")
            : value;

    /// <summary>The broker closes the channel over a CC or BCC header that is no list.</summary>
    public static bool CanBeSent(string header) => header.Length > 0 && MessageNames.IsShortString(header) && header is not ("CC" or "BCC");

    private static string? Headers(MessageOptions? messageOptions, string name)
    {
        if (messageOptions?.Headers is not { Count: > 0 } headers)
        {
            return null;
        }

        foreach (var key in headers.Keys)
        {
            if (!CanBeSent(key) || key.StartsWith("x-", StringComparison.OrdinalIgnoreCase))
            {
                throw new ReliableMqException(
                    $"The header \"{key}\" of the message \"{name}\" is not valid. Use 1 to {MessageNames.MaxShortStringBytes} bytes of UTF-8; \"CC\", \"BCC\" and names that start with \"x-\" belong to the broker and to ReliableMq.");
            }
        }

        ThrowIfHeadersTooLarge(name, headers!);
        return HeaderJson.Write(headers.Select(header => KeyValuePair.Create(header.Key, (object?)header.Value)));
    }
}
