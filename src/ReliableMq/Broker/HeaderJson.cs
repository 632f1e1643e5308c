using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using RabbitMQ.Client;
using ReliableMq.Storage;

namespace ReliableMq.Broker;

/// <summary>
/// Headers as JSON text and back, so that a message can wait in a table and leave with the headers it came
/// with. AMQP types that JSON lacks are objects with one member that starts with <c>$</c>.
/// </summary>
internal static class HeaderJson
{
    /// <summary>Deeper values are hostile; they are left out.</summary>
    private const int MaxDepth = 32;

    public static string? Write(IEnumerable<KeyValuePair<string, object?>>? headers)
    {
        if (headers is null)
        {
            return null;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            WriteTable(writer, headers, 0);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static Dictionary<string, object?> Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        return ReadTable(document.RootElement);
    }

    private static void WriteTable(Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, object?>> table, int depth)
    {
        writer.WriteStartObject();
        foreach (var (name, value) in table)
        {
            // A name like a tag's would be read as one.
            writer.WritePropertyName(SafeText.Clean(name.StartsWith('$') ? "$" + name : name));
            WriteValue(writer, value, depth + 1);
        }

        writer.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter writer, object? value, int depth)
    {
        switch (value)
        {
            case null: writer.WriteNullValue(); break;
            case not (string or byte[] or ValueType or BinaryTableValue) when depth >= MaxDepth: writer.WriteNullValue(); break;
            case string text: writer.WriteStringValue(SafeText.Clean(text)); break;
            case byte[] bytes when TryText(bytes, out var text): writer.WriteStringValue(text); break;
            case byte[] bytes: WriteTagged(writer, "$bytes", Convert.ToBase64String(bytes)); break;
            case BinaryTableValue binary: WriteTagged(writer, "$binary", Convert.ToBase64String(binary.Bytes)); break;
            case bool flag: writer.WriteBooleanValue(flag); break;
            case sbyte or byte or short or ushort or int or uint or long: writer.WriteNumberValue(Convert.ToInt64(value)); break;
            case ulong number: WriteTagged(writer, "$decimal", number.ToString(CultureInfo.InvariantCulture)); break;
            case float or double when double.IsFinite(Convert.ToDouble(value)): WriteTagged(writer, "$double", Convert.ToDouble(value).ToString("R", CultureInfo.InvariantCulture)); break;
            case decimal number: WriteTagged(writer, "$decimal", number.ToString(CultureInfo.InvariantCulture)); break;
            case AmqpTimestamp time: WriteTagged(writer, "$time", time.UnixTime.ToString(CultureInfo.InvariantCulture)); break;
            case IEnumerable<KeyValuePair<string, object?>> table: WriteTable(writer, table, depth); break;
            case System.Collections.IEnumerable list:
                writer.WriteStartArray();
                foreach (var item in list)
                {
                    WriteValue(writer, item, depth + 1);
                }

                writer.WriteEndArray();
                break;
            default: writer.WriteStringValue(SafeText.Clean(value.ToString() ?? "")); break;
        }
    }

    private static void WriteTagged(Utf8JsonWriter writer, string tag, string value)
    {
        writer.WriteStartObject();
        writer.WriteString(tag, value);
        writer.WriteEndObject();
    }

    private static Dictionary<string, object?> ReadTable(JsonElement element)
    {
        var table = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var member in element.EnumerateObject())
        {
            table[member.Name.StartsWith("$$", StringComparison.Ordinal) ? member.Name[1..] : member.Name] = ReadValue(member.Value);
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

    private static object? ReadTagged(JsonElement element)
    {
        using var members = element.EnumerateObject();
        if (!members.MoveNext() || members.Current is not { Value.ValueKind: JsonValueKind.String } tagged)
        {
            return null;
        }

        var text = tagged.Value.GetString()!;
        return tagged.Name switch
        {
            "$bytes" => Convert.FromBase64String(text),
            "$binary" => new BinaryTableValue(Convert.FromBase64String(text)),
            "$double" => double.Parse(text, CultureInfo.InvariantCulture),
            "$decimal" => decimal.Parse(text, CultureInfo.InvariantCulture),
            "$time" => new AmqpTimestamp(long.Parse(text, CultureInfo.InvariantCulture)),
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
