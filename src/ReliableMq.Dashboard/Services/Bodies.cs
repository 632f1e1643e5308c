using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Npgsql;
using ReliableMq.Dashboard.Contract;

namespace ReliableMq.Dashboard.Services;

/// <summary>A body as people look at it.</summary>
internal static class Bodies
{
    /// <summary>More is not looked at, but kept as a file.</summary>
    private const int MostShown = 1024 * 1024;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The columns of what is shown of a body: of a large one the rest is not even read.</summary>
    public static string Shown(string body) => $"octet_length({body})::bigint, substring({body} FROM 1 FOR {MostShown})";

    /// <summary>Reads the content type, and then <see cref="Shown"/>.</summary>
    public static BodyView View(NpgsqlDataReader reader) => View(reader.Text(0), reader.GetInt64(1), reader.GetFieldValue<byte[]>(2));

    private static BodyView View(string? contentType, long size, byte[] body)
    {
        var isTruncated = size > body.Length;
        var base64 = Convert.ToBase64String(body);
        var (kind, text) = body.Length == 0 ? (BodyKind.Empty, "")
            : !isTruncated && Json(body) is { } json ? (BodyKind.Json, json)
            : !isTruncated && Text(body) is { } plain ? (BodyKind.Text, plain)
            : (BodyKind.Binary, (string?)null);
        return new BodyView(kind, contentType, size, text, base64, isTruncated);
    }

    /// <summary>Indented; numbers as they stand there, whatever their size.</summary>
    private static string? Json(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            using var indented = new MemoryStream();
            using (var writer = new Utf8JsonWriter(indented, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            {
                document.WriteTo(writer);
            }

            return Encoding.UTF8.GetString(indented.ToArray());
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Not JSON, or with text in it that is no Unicode.
            return null;
        }
    }

    private static string? Text(byte[] body)
    {
        try
        {
            var text = Strict.GetString(body);
            return text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')) ? null : text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
