namespace ReliableMq.Storage;

/// <summary>Schema names stand in SQL text, so only what needs no quoting is allowed.</summary>
internal static class SchemaName
{
    public const string Rule = "Use a lower-case letter or '_' followed by lower-case letters, digits and '_', at most 63 characters, not starting with \"pg_\".";

    public static bool IsValid(string? name) =>
        name is { Length: > 0 and <= 63 }
        && (char.IsAsciiLetterLower(name[0]) || name[0] == '_')
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_')
        && !name.StartsWith("pg_", StringComparison.Ordinal);

    public static void ThrowIfInvalid(string? name, string parameter)
    {
        if (!IsValid(name))
        {
            throw new ArgumentException($"The schema name \"{name}\" is not valid. {Rule}", parameter);
        }
    }
}
