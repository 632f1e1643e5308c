using System.Globalization;

namespace ReliableMq.SourceGenerator;

/// <summary>
/// Checks the durations of <c>Retry</c> and <c>Timeout</c>: entries separated by commas and optional spaces,
/// each a number with an optional decimal part, directly followed by its unit. The same grammar as at run time.
/// </summary>
internal static class Durations
{
    private const int MaxEntries = 100;
    private const decimal SecondMs = 1_000, MinuteMs = 60 * SecondMs, HourMs = 60 * MinuteMs;
    private const decimal MaxDelayMs = 365 * 24 * HourMs, MaxTimeoutMs = 10 * MinuteMs, MaxLingerMs = MinuteMs;

    /// <summary>What is wrong with a retry text, to follow its value in a sentence. Empty text is one attempt.</summary>
    public static string? RetryFault(string text)
    {
        if (text.Length == 0)
        {
            return null;
        }

        var entries = text.Split(',');
        return entries.Length > MaxEntries
            ? $"has {entries.Length} delays"
            : entries.Select(entry => Fault(entry.Trim(' '), MaxDelayMs)).FirstOrDefault(fault => fault is not null);
    }

    /// <summary>What is wrong with a timeout, to follow its value in a sentence.</summary>
    public static string? TimeoutFault(string text) => Fault(text.Trim(' '), MaxTimeoutMs);

    /// <summary>What is wrong with a time to wait for a full batch, to follow its value in a sentence.</summary>
    public static string? LingerFault(string text) => Fault(text.Trim(' '), MaxLingerMs);

    private static string? Fault(string entry, decimal maxMs)
    {
        var digits = entry.TakeWhile(c => c is (>= '0' and <= '9') or '.').Count();
        var number = entry.Substring(0, digits);
        var unitMs = entry.Substring(digits) switch
        {
            "ms" => 1m,
            "s" => SecondMs,
            "m" => MinuteMs,
            "h" => HourMs,
            _ => 0m,
        };

        if (unitMs == 0 || !IsNumber(number))
        {
            return $"has '{Printable.Text(entry)}', which is not a duration";
        }

        // Divided, not multiplied: a number with 28 digits times 3600000 does not fit a decimal.
        return decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && value >= 1m / unitMs && value <= maxMs / unitMs
                ? null
                : $"has '{entry}', which is out of range";
    }

    private static bool IsNumber(string text)
    {
        var point = text.IndexOf('.');
        return text.Length > 0 && point != 0 && point != text.Length - 1 && point == text.LastIndexOf('.');
    }
}
