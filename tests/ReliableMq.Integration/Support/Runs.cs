namespace ReliableMq.Integration.Support;

/// <summary>How far a long run goes: short where all tests run, and as it should be now and then with RELIABLEMQ_LONG=1.</summary>
internal static class Runs
{
    public static readonly bool AreLong = Environment.GetEnvironmentVariable("RELIABLEMQ_LONG") == "1";

    public static T Long<T>(T isLong, T isShort) => AreLong ? isLong : isShort;
}
