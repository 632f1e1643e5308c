namespace ReliableMq.Storage;

/// <summary>Makes foreign text fit for a PostgreSQL text column.</summary>
internal static class SafeText
{
    private const int MaxLength = 32_000;

    /// <summary>Cleans an error text; nobody reads more than some pages of it.</summary>
    public static string ForPostgres(string text) =>
        Clean(text.Length > MaxLength ? string.Concat(text.AsSpan(0, MaxLength), "…") : text);

    /// <summary>PostgreSQL refuses U+0000 and lone surrogates.</summary>
    public static string Clean(string text)
    {
        var clean = true;
        for (var i = 0; i < text.Length && clean; i++)
        {
            clean = text[i] != '\0' && !char.IsSurrogate(text[i]);
        }

        if (clean)
        {
            return text;
        }

        return string.Create(text.Length, text, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                var c = source[i];
                if (char.IsHighSurrogate(c) && i + 1 < span.Length && char.IsLowSurrogate(source[i + 1]))
                {
                    span[i] = c;
                    span[i + 1] = source[++i];
                    continue;
                }

                span[i] = c == '\0' || char.IsSurrogate(c) ? '\uFFFD' : c;
            }
        });
    }
}
