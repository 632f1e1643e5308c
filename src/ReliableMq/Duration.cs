using System.Globalization;

namespace ReliableMq;

/// <summary>Reads the short form of durations that attributes and configuration share: <c>"1s, 10s, 1m"</c>.</summary>
internal static class Duration
{
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        var span = text.AsSpan().Trim();
        var digits = 0;
        while (digits < span.Length && (char.IsAsciiDigit(span[digits]) || span[digits] == '.'))
        {
            digits++;
        }

        var millisecondsPerUnit = span[digits..] switch
        {
            "ms" => 1d,
            "s" => 1_000d,
            "m" => 60_000d,
            "h" => 3_600_000d,
            _ => 0d,
        };

        if (millisecondsPerUnit == 0 || digits == 0 || span[0] == '.' || span[digits - 1] == '.'
            || !double.TryParse(span[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            || value * millisecondsPerUnit is < 1 or > 365d * 24 * 3_600_000)
        {
            return false;
        }

        duration = TimeSpan.FromMilliseconds(value * millisecondsPerUnit);
        return true;
    }

    public static bool TryParseList(string text, out TimeSpan[] durations)
    {
        durations = [];
        if (string.IsNullOrWhiteSpace(text))
        {
            return true;
        }

        var parts = text.Split(',');
        var parsed = new TimeSpan[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!TryParse(parts[i], out parsed[i]))
            {
                return false;
            }
        }

        durations = parsed;
        return true;
    }

    /// <summary>Reads <c>"1s..10s"</c>, the shorter one first.</summary>
    public static bool TryParseRange(string text, out TimeSpan least, out TimeSpan most)
    {
        least = most = default;
        var parts = text.Split("..");
        return parts.Length == 2 && TryParse(parts[0], out least) && TryParse(parts[1], out most) && least <= most;
    }

    public static string Text(TimeSpan duration)
    {
        var (value, unit) = duration.Ticks % TimeSpan.TicksPerHour == 0 && duration.Ticks > 0 ? (duration.TotalHours, "h")
            : duration.Ticks % TimeSpan.TicksPerMinute == 0 ? (duration.TotalMinutes, "m")
            : duration.Ticks % TimeSpan.TicksPerSecond == 0 ? (duration.TotalSeconds, "s")
            : (duration.TotalMilliseconds, "ms");
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.###}{unit}");
    }
}
