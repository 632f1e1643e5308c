namespace ReliableMq.CrashPoints;

/// <summary>Runs the tests, or as <c>service …</c> the process that dies in them.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => args switch
    {
        ["service", var addresses] => Service.RunAsync(addresses),
        _ when args.Contains("--server") => Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, (_, _) => { }),
        _ => Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
    };
}
