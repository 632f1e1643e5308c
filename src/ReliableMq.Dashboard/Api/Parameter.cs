using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ReliableMq.Dashboard.Api;

/// <summary>A parameter of an address: what it may be, and what is said when it is not.</summary>
internal abstract record Parameter(string Name, string Description, JsonObject Schema)
{
    public bool IsRequired { get; init; }

    /// <exception cref="ApiException">It cannot be read.</exception>
    public abstract object Read(string text);

    public static Parameter<string> Text(string name, string description, int longest = 1000) =>
        new(name, description, new JsonObject { ["type"] = "string", ["maxLength"] = longest }, text =>
            text.Length == 0 ? throw ApiException.Malformed(name, $"\"{name}\" is empty. Leave it out, or give a value.")
            : text.Length > longest ? throw ApiException.Malformed(name, $"\"{name}\" has {text.Length} characters. Use at most {longest}.")
            : text.Contains('\0', StringComparison.Ordinal) ? throw ApiException.Malformed(name, $"\"{name}\" contains the character U+0000, which the database cannot hold.")
            : text);

    public static Parameter<int> Number(string name, string description, int least, int most, int normal) =>
        new(name, description, new JsonObject { ["type"] = "integer", ["minimum"] = least, ["maximum"] = most, ["default"] = normal }, text =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
                ? number
                : throw ApiException.Malformed(name, $"\"{name}\" is \"{ApiException.Shown(text)}\". Use a number from {least} to {most}."));

    public static Parameter<bool> Flag(string name, string description) =>
        new(name, description, new JsonObject { ["type"] = "boolean" }, text => text switch
        {
            "true" => true,
            "false" => false,
            _ => throw ApiException.Malformed(name, $"\"{name}\" is \"{ApiException.Shown(text)}\". Use true or false."),
        });

    public static Parameter<DateTimeOffset> Time(string name, string description) =>
        new(name, description, new JsonObject { ["type"] = "string", ["format"] = "date-time" }, text =>
            DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var time) && time.Year is > 1900 and < 9000
                ? time
                : throw ApiException.Malformed(name, $"\"{name}\" is \"{ApiException.Shown(text)}\". Use a time such as 2026-01-31T12:00:00Z."));

    public static Parameter<T> Choice<T>(string name, string description) where T : struct, Enum
    {
        var words = Enum.GetValues<T>().ToDictionary(value => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString()), StringComparer.Ordinal);
        return new(name, description, new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. words.Keys.Select(word => JsonValue.Create(word))]) }, text =>
            words.TryGetValue(text, out var value)
                ? value
                : throw ApiException.Malformed(name, $"\"{name}\" is \"{ApiException.Shown(text)}\". Use one of {string.Join(", ", words.Keys)}."));
    }

    private static readonly string[] Formats =
    [
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK",
    ];
}

/// <inheritdoc/>
internal sealed record Parameter<T>(string Name, string Description, JsonObject Schema, Func<string, T> Parse) : Parameter(Name, Description, Schema) where T : notnull
{
    public override object Read(string text) => Parse(text);
}
