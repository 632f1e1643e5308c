using System.Text.Json;
using ReliableMq.Failing;

namespace ReliableMq.Handling;

/// <summary>JSON by System.Text.Json.</summary>
internal sealed class MessageSerializer
{
    public const string ContentType = "application/json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public byte[] Serialize(object message, string name)
    {
        try
        {
            return JsonSerializer.SerializeToUtf8Bytes(message, message.GetType(), Json);
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or InvalidOperationException)
        {
            throw new ReliableMqException(
                $"The message \"{name}\" (\"{message.GetType().FullName}\") cannot be serialized to JSON: {exception.Message} Make its members serializable by System.Text.Json.", exception);
        }
    }

    public object Deserialize(byte[] body, Type type, string? contentType, string name)
    {
        if (!string.IsNullOrEmpty(contentType) && !contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase))
        {
            throw new UnreadableMessageException(
                $"The content type \"{contentType}\" of the message \"{name}\" is not supported. Send \"{ContentType}\".");
        }

        try
        {
            return JsonSerializer.Deserialize(body, type, Json)
                ?? throw new UnreadableMessageException($"The body of the message \"{name}\" is the JSON value null. Send an object.");
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or InvalidOperationException)
        {
            throw new UnreadableMessageException(
                $"The body of the message \"{name}\" cannot be read as \"{type.FullName}\": {exception.Message}", exception);
        }
    }
}
