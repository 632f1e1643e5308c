using System.Diagnostics;

namespace ReliableMq.Diagnostics;

/// <summary>
/// Where a test may let the process die. The calls exist only where the library is compiled with
/// <c>RELIABLEMQ_CRASH_POINTS</c>, which no package is.
/// </summary>
internal static class CrashPoint
{
    /// <summary>Dies, like by SIGKILL, if the environment variable <c>RELIABLEMQ_CRASH_AT</c> names this point.</summary>
    [Conditional("RELIABLEMQ_CRASH_POINTS")]
    public static void Here(string point)
    {
#if RELIABLEMQ_CRASH_POINTS
        if (Environment.GetEnvironmentVariable("RELIABLEMQ_CRASH_AT") == point)
        {
            using var self = Process.GetCurrentProcess();
            self.Kill();
            Thread.CurrentThread.Join();
        }
#endif
    }
}
