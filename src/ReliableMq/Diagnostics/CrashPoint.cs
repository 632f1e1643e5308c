using System.Diagnostics;

namespace ReliableMq.Diagnostics;

/// <summary>
/// Where a test may let the process die. The calls exist only where the library is compiled with
/// <c>RELIABLEMQ_CRASH_POINTS</c>, which no package is.
/// </summary>
internal static class CrashPoint
{
#if RELIABLEMQ_CRASH_POINTS
    private static readonly int Time = int.Parse(Environment.GetEnvironmentVariable("RELIABLEMQ_CRASH_AT_TIME") ?? "1", System.Globalization.CultureInfo.InvariantCulture);

    private static int _times;
#endif

    /// <summary>
    /// Dies, like by SIGKILL, if the environment variable <c>RELIABLEMQ_CRASH_AT</c> names this point: the first time
    /// that it comes here, or the one that <c>RELIABLEMQ_CRASH_AT_TIME</c> says.
    /// </summary>
    [Conditional("RELIABLEMQ_CRASH_POINTS")]
    public static void Here(string point)
    {
#if RELIABLEMQ_CRASH_POINTS
        if (Environment.GetEnvironmentVariable("RELIABLEMQ_CRASH_AT") == point && Interlocked.Increment(ref _times) >= Time)
        {
            using var self = Process.GetCurrentProcess();
            self.Kill();
            Thread.CurrentThread.Join();
        }
#endif
    }
}
