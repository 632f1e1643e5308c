using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using RabbitMQ.Client;

namespace ReliableMq.Broker;

/// <summary>
/// Headers as JSON text and back, so that a message can wait in a table and leave with the headers it came
/// with, each of its AMQP type. Types that JSON lacks are objects with one member that starts with <c>$</c>.
/// </summary>
internal static class HeaderJson
{
    /// <summary>
    /// Tables and arrays in one another beyond this are left out. A sender can nest thousands, which no JSON
    /// reader takes: without a limit neither a retry nor the dead letter of such a message could be stored.
    /// Below the 64 of <see cref="JsonDocumentOptions.MaxDepth"/> by what the notation itself adds.
    /// </summary>
    internal const int MaxDepth = 60;

    public static string? Write(IEnumerable<KeyValuePair<string, object?>>? headers)
    {
        if (headers is null)
        {
            return null;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            WriteTable(writer, headers);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <exception cref="FormatException">The text is JSON, but not of <see cref="Write"/>.</exception>
    /// <exception cref="JsonException">The text is no JSON.</exception>
    public static Dictionary<string, object?> Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        try
        {
            return ReadTable(document.RootElement);
        }
        catch (Exception exception) when (exception is InvalidOperationException or OverflowException)
        {
            throw new FormatException(exception.Message, exception);
        }
    }

    /// <summary>The headers for people to read: text as it is, other values by their text or JSON.</summary>
    public static Dictionary<string, string> ReadAsText(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.EnumerateObject().ToDictionary(
            header => header.Name,
            header => header.Value switch
            {
                { ValueKind: JsonValueKind.String } text => text.GetString()!,
                { ValueKind: JsonValueKind.Object } table when TagOf(table) is { Value.ValueKind: JsonValueKind.String } tagged => tagged.Value.GetString()!,
                var other => other.GetRawText(),
            },
            StringComparer.Ordinal);
    }

    private static void WriteTable(Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, object?>> table)
    {
        writer.WriteStartObject();
        foreach (var (name, value) in table)
        {
            writer.WritePropertyName(name);
            WriteValue(writer, value);
        }

        writer.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null: writer.WriteNullValue(); break;
            case string text: writer.WriteStringValue(text); break;
            case byte[] bytes when TryText(bytes, out var text): writer.WriteStringValue(text); break;
            case byte[] bytes: WriteTagged(writer, "$bytes", Convert.ToBase64String(bytes)); break;
            case BinaryTableValue binary: WriteTagged(writer, "$binary", Convert.ToBase64String(binary.Bytes)); break;
            case bool flag: writer.WriteBooleanValue(flag); break;
            case long number: writer.WriteNumberValue(number); break;
            case sbyte: WriteTagged(writer, "$sbyte", Text(value)); break;
            case byte: WriteTagged(writer, "$byte", Text(value)); break;
            case short: WriteTagged(writer, "$short", Text(value)); break;
            case ushort: WriteTagged(writer, "$ushort", Text(value)); break;
            case int: WriteTagged(writer, "$int", Text(value)); break;
            case uint: WriteTagged(writer, "$uint", Text(value)); break;
            case float: WriteTagged(writer, "$float", Text(value)); break;
            case double: WriteTagged(writer, "$double", Text(value)); break;
            case decimal: WriteTagged(writer, "$decimal", Text(value)); break;
            case AmqpTimestamp time: WriteTagged(writer, "$time", Text(time.UnixTime)); break;
            case System.Collections.IEnumerable when writer.CurrentDepth >= MaxDepth: writer.WriteNullValue(); break;
            case IEnumerable<KeyValuePair<string, object?>> table: WriteNested(writer, table); break;
            case System.Collections.IEnumerable list:
                writer.WriteStartArray();
                foreach (var item in list)
                {
                    WriteValue(writer, item);
                }

                writer.WriteEndArray();
                break;
            default: writer.WriteStringValue(Text(value)); break;
        }
    }

    /// <summary>A foreign table that could be taken for the notation of this class is marked as a table.</summary>
    private static void WriteNested(Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, object?>> table)
    {
        var isAmbiguous = table.FirstOrDefault().Key?.StartsWith('$') == true;
        if (isAmbiguous)
        {
            writer.WriteStartObject();
            writer.WritePropertyName("$table");
        }

        WriteTable(writer, table);
        if (isAmbiguous)
        {
            writer.WriteEndObject();
        }
    }

    private static void WriteTagged(Utf8JsonWriter writer, string tag, string? value)
    {
        writer.WriteStartObject();
        writer.WriteString(tag, value);
        writer.WriteEndObject();
    }

    private static string? Text(object value) => Convert.ToString(value, CultureInfo.InvariantCulture);

    private static Dictionary<string, object?> ReadTable(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException($"The JSON value \"{element.GetRawText()}\" is no object.");
        }

        var table = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var member in element.EnumerateObject())
        {
            table[member.Name] = ReadValue(member.Value);
        }

        return table;
    }

    private static object? ReadValue(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.GetInt64(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Array => element.EnumerateArray().Select(ReadValue).ToList(),
        JsonValueKind.Object => ReadTagged(element) ?? ReadTable(element),
        _ => null,
    };

    private static JsonProperty? TagOf(JsonElement table)
    {
        using var members = table.EnumerateObject();
        return members.MoveNext() && members.Current.Name.StartsWith('$') ? members.Current : null;
    }

    private static object? ReadTagged(JsonElement table)
    {
        if (TagOf(table) is not { } tagged)
        {
            return null;
        }

        var text = tagged.Value.ValueKind == JsonValueKind.String ? tagged.Value.GetString()! : "";
        return tagged.Name switch
        {
            "$bytes" => Convert.FromBase64String(text),
            "$binary" => new BinaryTableValue(Convert.FromBase64String(text)),
            "$sbyte" => sbyte.Parse(text, CultureInfo.InvariantCulture),
            "$byte" => byte.Parse(text, CultureInfo.InvariantCulture),
            "$short" => short.Parse(text, CultureInfo.InvariantCulture),
            "$ushort" => ushort.Parse(text, CultureInfo.InvariantCulture),
            "$int" => int.Parse(text, CultureInfo.InvariantCulture),
            "$uint" => uint.Parse(text, CultureInfo.InvariantCulture),
            "$float" => float.Parse(text, CultureInfo.InvariantCulture),
            "$double" => double.Parse(text, CultureInfo.InvariantCulture),
            "$decimal" => decimal.Parse(text, CultureInfo.InvariantCulture),
            "$time" => new AmqpTimestamp(long.Parse(text, CultureInfo.InvariantCulture)),
            "$table" => ReadTable(tagged.Value),
            _ => null,
        };
    }

    /// <summary>The client hands every AMQP long string over as bytes; most are text.</summary>
    internal static bool TryText(byte[] bytes, out string text)
    {
        try
        {
            text = StrictUtf8.GetString(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            text = "";
            return false;
        }
    }

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
