namespace ReliableMq.Tests;

/// <summary>The checkout that this test was built in.</summary>
internal static class Repository
{
    /// <summary>By looking upwards: paths of the compiler are mapped away in a deterministic build.</summary>
    public static string Root { get; } = FindRoot();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>The source files of a project, as paths relative to its folder.</summary>
    public static IReadOnlyList<string> SourcesOf(string project)
    {
        var folder = PathOf(project);
        return
        [
            .. Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/'))
                .Where(file => !file.StartsWith("obj/", StringComparison.Ordinal) && !file.StartsWith("bin/", StringComparison.Ordinal)),
        ];
    }

    public static string Read(string project, string file) => File.ReadAllText(PathOf(project, file)).ReplaceLineEndings("\n");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ReliableMq.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"\"{AppContext.BaseDirectory}\" is not inside a checkout.");
    }
}
