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
    private const decimal MinBrokerDelayMs = 100, MaxBrokerDelayMs = 30 * SecondMs;

    /// <summary>What is wrong with a retry text, to follow its value in a sentence. Empty text is one attempt.</summary>
    public static string? RetryFault(string text)
    {
        if (text.Length == 0)
        {
            return null;
        }

        if (text.Contains(".."))
        {
            return DoublingFault(text);
        }

        var entries = text.Split(',');
        return entries.Length > MaxEntries
            ? $"has {entries.Length} delays"
            : entries.Select(entry => Fault(entry.Trim(' '), MaxDelayMs)).FirstOrDefault(fault => fault is not null);
    }

    /// <summary>What is wrong with one duration, to follow its value in a sentence.</summary>
    public static string? DelayFault(string text) => Fault(text.Trim(' '), MaxDelayMs);

    /// <summary>What is wrong with the broker's shortest and longest delay, to follow their text in a sentence.</summary>
    public static string? DelayedRetryFault(string text) => RangeFault(text, MinBrokerDelayMs, MaxBrokerDelayMs);

    private static string? DoublingFault(string text)
    {
        var parts = text.Split('x');
        return parts.Length != 2 ? "does not say how often"
            : RangeFault(parts[0], 1, MaxDelayMs)
            ?? (!int.TryParse(parts[1].Trim(' '), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? $"has '{Printable.Text(parts[1].Trim(' '))}', which is not a number"
                : number is < 1 or > MaxEntries ? $"has {number.ToString(CultureInfo.InvariantCulture)} delays"
                : null);
    }

    private static string? RangeFault(string text, decimal minMs, decimal maxMs)
    {
        var ends = text.Split([".."], StringSplitOptions.None);
        return ends.Length != 2 ? "is not a shortest and a longest delay"
            : Fault(ends[0].Trim(' '), maxMs) ?? Fault(ends[1].Trim(' '), maxMs)
            ?? (Milliseconds(ends[0]) < minMs ? $"has '{ends[0].Trim(' ')}', which is out of range"
                : Milliseconds(ends[0]) > Milliseconds(ends[1]) ? "has the longer delay first"
                : null);
    }

    /// <summary>Of an entry without a fault.</summary>
    private static decimal Milliseconds(string entry)
    {
        var text = entry.Trim(' ');
        var number = text.TrimEnd('m', 's', 'h');
        return decimal.Parse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) * UnitOf(text.Substring(number.Length));
    }

    /// <summary>What is wrong with a timeout, to follow its value in a sentence.</summary>
    public static string? TimeoutFault(string text) => Fault(text.Trim(' '), MaxTimeoutMs);

    /// <summary>What is wrong with a time to wait for a full batch, to follow its value in a sentence.</summary>
    public static string? LingerFault(string text) => Fault(text.Trim(' '), MaxLingerMs);

    private static string? Fault(string entry, decimal maxMs)
    {
        var digits = entry.TakeWhile(c => c is (>= '0' and <= '9') or '.').Count();
        var number = entry.Substring(0, digits);
        var unitMs = UnitOf(entry.Substring(digits));
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

    /// <summary>In milliseconds; 0 for none.</summary>
    private static decimal UnitOf(string unit) => unit switch
    {
        "ms" => 1m,
        "s" => SecondMs,
        "m" => MinuteMs,
        "h" => HourMs,
        _ => 0m,
    };

    private static bool IsNumber(string text)
    {
        var point = text.IndexOf('.');
        return text.Length > 0 && point != 0 && point != text.Length - 1 && point == text.LastIndexOf('.');
    }
}
