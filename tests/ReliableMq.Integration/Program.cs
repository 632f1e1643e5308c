using ReliableMq.Integration.Support;

namespace ReliableMq.Integration;

/// <summary>Runs the tests, or as <c>worker …</c> a service of its own that a test may kill.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => args switch
    {
        ["worker", var role, var count, var addresses] => Worker.RunAsync(role, int.Parse(count), addresses),
        _ when args.Contains("--server") => Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, (_, _) => { }),
        _ => Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
    };
}
