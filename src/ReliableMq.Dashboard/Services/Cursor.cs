using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using ReliableMq.Dashboard.Api;

namespace ReliableMq.Dashboard.Services;

/// <summary>Where the next page begins in each service: after a key, at the start (an empty one), or nowhere any more.</summary>
internal static class Cursor
{
    /// <summary>What fits into the line of a request, of which servers and proxies allow 8,000 bytes.</summary>
    public const int Longest = 7_000;

    /// <exception cref="ApiException">There are too many services for it.</exception>
    public static string Write(Dictionary<string, string[]> keys) =>
        Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(keys, CursorJson.Default.DictionaryStringStringArray)) is { Length: <= Longest } text ? text
            : throw ApiException.Malformed("service", $"There is more, but where each of {keys.Count} services goes on does not fit into an address. Give one \"service\".");

    /// <exception cref="ApiException">It is not one that was given out.</exception>
    public static Dictionary<string, string[]> Read(string text)
    {
        try
        {
            var keys = JsonSerializer.Deserialize(Base64Url.DecodeFromChars(text), CursorJson.Default.DictionaryStringStringArray);
            return keys is { Count: > 0 } && keys.Values.All(key => key?.All(part => part is not null && !part.Contains('\0', StringComparison.Ordinal)) == true) ? keys : throw Malformed();
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            throw Malformed();
        }
    }

    public static ApiException Malformed() => ApiException.Malformed("cursor", "The cursor is not one that was given out. Begin without one.");
}

/// <summary>An opaque id: the key of a row.</summary>
internal static class RowId
{
    public static string Of(params string[] key) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(key, CursorJson.Default.StringArray));

    /// <summary>The key's parts.</summary>
    /// <exception cref="ApiException">It is not one that was given out.</exception>
    public static string[] Read(string id, int parts)
    {
        try
        {
            return JsonSerializer.Deserialize(Base64Url.DecodeFromChars(id), CursorJson.Default.StringArray) is { } key && key.Length == parts && key.All(part => part is not null && !part.Contains('\0', StringComparison.Ordinal))
                ? key
                : throw Unknown(id);
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            throw Unknown(id);
        }
    }

    public static ApiException Unknown(string id) => ApiException.NotFound($"There is nothing with the id \"{ApiException.Shown(id)}\" here, or not any more. Look at the list.");
}

[JsonSerializable(typeof(Dictionary<string, string[]>))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class CursorJson : JsonSerializerContext;
