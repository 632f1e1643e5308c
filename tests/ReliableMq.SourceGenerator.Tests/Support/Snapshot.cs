using System.Runtime.CompilerServices;

namespace ReliableMq.SourceGenerator.Tests;

/// <summary>
/// Compares text with the file in <c>Snapshots</c> that has the test's name. <c>UPDATE_SNAPSHOTS=1</c> writes
/// the files instead; what changed is then read in the diff.
/// </summary>
internal static class Snapshot
{
    public static void Matches(string actual, [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        var name = Path.Combine("Snapshots", test + ".txt");
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            File.WriteAllText(Path.Combine(Path.GetDirectoryName(file)!, name), actual);
            return;
        }

        var path = Path.Combine(AppContext.BaseDirectory, name);
        File.Exists(path).ShouldBeTrue($"'{name}' does not exist; run the test once with UPDATE_SNAPSHOTS=1");
        actual.ShouldBe(File.ReadAllText(path).Replace("\r\n", "\n"));
    }
}
