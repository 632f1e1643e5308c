using ReliableMq.TestSupport;

namespace Shop.Tests;

/// <summary>The programs of the sample as they were built along with this test.</summary>
internal static class BuiltProgram
{
    public static ChildProcess Start(string project, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> environment)
    {
        // tests/Shop.Tests/bin/Release/net10.0/ -> samples/Shop/PROJECT/bin/Release/net10.0/PROJECT.dll
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var root = output.Parent!.Parent!.Parent!.Parent!.Parent!.FullName;
        var dll = Path.Combine(root, "samples", "Shop", project, "bin", output.Parent.Name, output.Name, $"{project}.dll");
        return ChildProcess.StartDotNet(dll, arguments, environment);
    }
}
