using System.Diagnostics;
using ReliableMq.Tests;

namespace ReliableMq.Dashboard.Tests.Browser;

/// <summary>Those of its pure parts, in its own language.</summary>
public sealed class The_pages_own_tests
{
    [Fact]
    public async Task Pass()
    {
        var start = new ProcessStartInfo("npm", ["test", "--silent"])
        {
            WorkingDirectory = Path.GetDirectoryName(Repository.PathOf("src/ReliableMq.Dashboard/ui", "package.json")), RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["NO_COLOR"] = "1";
        using var npm = Process.Start(start)!;
        var errors = npm.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await npm.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await npm.WaitForExitAsync(TestContext.Current.CancellationToken);

        npm.ExitCode.ShouldBe(0, output + await errors);
    }
}
