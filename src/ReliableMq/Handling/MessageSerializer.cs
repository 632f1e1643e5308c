using System.Collections.Frozen;
using ReliableMq.Failing;
using ReliableMq.Storage;

namespace ReliableMq.Handling;

/// <summary>Chooses the serializer by content type: JSON, or what the application added.</summary>
internal sealed class MessageSerializer
{
    private readonly FrozenDictionary<string, IMessageSerializer> _byMediaType;

    public MessageSerializer(JsonMessageSerializer json, IEnumerable<IMessageSerializer> own)
    {
        // An application's own JSON replaces ours. Validated options have no further twins.
        var byMediaType = new Dictionary<string, IMessageSerializer>(StringComparer.OrdinalIgnoreCase) { [json.ContentType] = json };
        foreach (var serializer in own)
        {
            byMediaType[serializer.ContentType] = serializer;
        }

        _byMediaType = byMediaType.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }

    public IEnumerable<string> ContentTypes => _byMediaType.Keys.Order(StringComparer.Ordinal);

    public SerializedMessage Serialize(object message)
    {
        if (message is RawMessage raw)
        {
            return Check(raw);
        }

        var name = MessageNames.Of(message.GetType());
        var contentType = MessageNames.ContentTypeOf(message.GetType());
        var serializer = _byMediaType.GetValueOrDefault(MediaType.Of(contentType))
            ?? throw new ReliableMqException(
                $"The message \"{name}\" has the content type \"{contentType}\", which no serializer writes. Register one with AddReliableMq(…).AddSerializer<T>(), or give it another in [Message(…, ContentType = …)]. There are: {Quoted(", ")}.");
        try
        {
            return new SerializedMessage(name, contentType, serializer.Serialize(message));
        }
        catch (Exception exception)
        {
            throw new ReliableMqException(
                $"The message \"{name}\" (\"{message.GetType().FullName}\") cannot be serialized to \"{contentType}\": {exception.Message} Change it to what \"{serializer.GetType().Name}\" can write.", exception);
        }
    }

    private static SerializedMessage Check(RawMessage raw)
    {
        MessageNames.Check(raw.Name, nameof(RawMessage));
        return raw.ContentType is { Length: > 0 } && MessageNames.IsShortString(raw.ContentType) && SafeText.Clean(raw.ContentType) == raw.ContentType
            ? new SerializedMessage(raw.Name, raw.ContentType, raw.Body.ToArray())
            : throw new ReliableMqException(
                $"The content type \"{raw.ContentType}\" of the message \"{raw.Name}\" is not valid. Use 1 to {MessageNames.MaxShortStringBytes} bytes of UTF-8 without U+0000 and half surrogate pairs.");
    }

    public object Deserialize(byte[] body, Type type, string? contentType, string name)
    {
        // Foreign senders often leave it out; then it is what the handler's message says.
        var serializer = _byMediaType.GetValueOrDefault(MediaType.Of(string.IsNullOrEmpty(contentType) ? MessageNames.ContentTypeOf(type) : contentType))
            ?? throw new UnreadableMessageException(
                $"The content type \"{contentType}\" of the message \"{name}\" is not supported. Send {Quoted(" or ")}, or register a serializer with AddReliableMq(…).AddSerializer<T>().");
        object? message;
        try
        {
            message = serializer.Deserialize(body, type);
        }
        catch (Exception exception)
        {
            throw new UnreadableMessageException(
                $"The body of the message \"{name}\" cannot be read as \"{type.FullName}\": {exception.Message}", exception);
        }

        return type.IsInstanceOfType(message)
            ? message
            : throw new UnreadableMessageException(
                $"The body of the message \"{name}\" was read as \"{message?.GetType().FullName ?? "null"}\" by \"{serializer.GetType().Name}\", which was asked for \"{type.FullName}\".");
    }

    public bool Handles(string contentType) => _byMediaType.ContainsKey(MediaType.Of(contentType));

    private string Quoted(string separator) => string.Join(separator, ContentTypes.Select(contentType => $"\"{contentType}\""));
}

/// <summary>What is sent of a message.</summary>
internal readonly record struct SerializedMessage(string Name, string ContentType, byte[] Body);

/// <summary>The part of a content type that says what the content is.</summary>
internal static class MediaType
{
    public static string Of(string contentType)
    {
        var parameters = contentType.IndexOf(';');
        return (parameters < 0 ? contentType : contentType[..parameters]).Trim();
    }

    /// <summary>Whether it is a type and a subtype, of what RFC 6838 allows in their names.</summary>
    public static bool IsValid(string? mediaType)
    {
        var parts = mediaType?.Split('/') ?? [];
        return mediaType is { Length: <= MessageNames.MaxShortStringBytes } && parts.Length == 2
            && Array.TrueForAll(parts, part => part.Length > 0 && part.All(c => char.IsAsciiLetterOrDigit(c) || "!#$&-^_.+".Contains(c, StringComparison.Ordinal)));
    }
}
