using System.Globalization;
using System.Text.Json;
using ReliableMq.Dashboard.Contract;

namespace ReliableMq.Dashboard.Services;

/// <summary>The headers of a stored message, which are JSON with AMQP's other types as objects with one member like <c>$time</c>.</summary>
internal static class Headers
{
    public static IReadOnlyDictionary<string, string> Read(string? json)
    {
        if (json is null)
        {
            return new Dictionary<string, string>();
        }

        using var document = JsonDocument.Parse(json);
        return document.RootElement.EnumerateObject().ToDictionary(header => header.Name, header => Text(header.Value) ?? header.Value.GetRawText(), StringComparer.Ordinal);
    }

    /// <summary>The broker's own history of deaths, the newest first.</summary>
    public static IReadOnlyList<Death> Deaths(string? json)
    {
        if (json is null)
        {
            return [];
        }

        using var document = JsonDocument.Parse(json);
        return !document.RootElement.TryGetProperty("x-death", out var deaths) || deaths.ValueKind != JsonValueKind.Array ? [] :
        [
            .. deaths.EnumerateArray().Where(death => death.ValueKind == JsonValueKind.Object).Select(death => new Death(
                Member(death, "queue"), Member(death, "reason"), long.TryParse(Member(death, "count"), CultureInfo.InvariantCulture, out var count) ? count : null,
                long.TryParse(Member(death, "time"), CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 100_000_000_000 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null,
                Member(death, "exchange"),
                death.TryGetProperty("routing-keys", out var keys) && keys.ValueKind == JsonValueKind.Array ? [.. keys.EnumerateArray().Select(key => Text(key) ?? "")] : [])),
        ];
    }

    private static string? Member(JsonElement table, string name) => table.TryGetProperty(name, out var value) ? Text(value) ?? value.GetRawText() : null;

    private static string? Text(JsonElement value) => value switch
    {
        { ValueKind: JsonValueKind.String } => value.GetString(),
        { ValueKind: JsonValueKind.Object } when value.EnumerateObject().ToList() is [{ Value.ValueKind: JsonValueKind.String } tagged] && tagged.Name.StartsWith('$') => tagged.Value.GetString(),
        _ => null,
    };
}
