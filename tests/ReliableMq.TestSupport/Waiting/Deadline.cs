using System.Diagnostics;
using System.Globalization;

namespace ReliableMq.TestSupport;

/// <summary>How long a wait may still take, by the monotonic clock: a test that hangs must fail and say on what.</summary>
internal readonly struct Deadline
{
    /// <summary>Every wait is this many times as long on a machine that does much else; RELIABLEMQ_PATIENCE, or 1.</summary>
    private static readonly double Patience = PatienceOf(Environment.GetEnvironmentVariable("RELIABLEMQ_PATIENCE"));

    /// <summary>Generous, because it is only ever used up by a test that fails; two busy cores are slow.</summary>
    public static readonly TimeSpan Default = TimeSpan.FromSeconds(30) * Patience;

    private readonly long _started;
    private readonly TimeSpan _total;

    private Deadline(TimeSpan total)
    {
        _started = Stopwatch.GetTimestamp();
        _total = total;
    }

    public static Deadline In(TimeSpan? timeout) => new(timeout * Patience ?? Default);

    /// <summary>The end of a time in which nothing may happen: no patience makes it longer.</summary>
    public static Deadline Of(TimeSpan window) => new(window);

    internal static double PatienceOf(string? text) => text switch
    {
        null or "" => 1,
        _ when double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var times) && times is >= 1 and <= 100 => times,
        _ => throw new FormatException($"RELIABLEMQ_PATIENCE='{text}' is no patience. Use a number from 1 to 100, such as 4."),
    };

    public TimeSpan Total => _total;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    public TimeSpan Remaining
    {
        get
        {
            var remaining = _total - Elapsed;
            return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
        }
    }

    public bool IsOver => Elapsed >= _total;
}
