using ReliableMq.TestSupport;
using ReliableMq.Tests;

namespace ReliableMq.Dashboard.Tests.Packages;

/// <summary>The packages, made of the very assemblies that these tests run with.</summary>
public sealed class MadePackages : IAsyncLifetime
{
    private static readonly string[] Projects = ["ReliableMq.Abstractions", "ReliableMq", "ReliableMq.Dashboard"];

    /// <summary>Outside of the repository, whose build settings would apply.</summary>
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("reliablemq-packages-");

    public string Source => Path.Combine(_folder.FullName, "source");

    public string PathOf(string package) => Directory.GetFiles(Source, $"{package}.*.nupkg").Single(file => char.IsAsciiDigit(Path.GetFileName(file)[package.Length + 1]));

    public string VersionOf(string package) => Path.GetFileNameWithoutExtension(PathOf(package))[(package.Length + 1)..];

    public async ValueTask InitializeAsync()
    {
        foreach (var project in Projects)
        {
            await DotNetAsync(Repository.Root, "pack", Path.Combine("src", project), "--no-build", "--configuration", Configuration, "--output", Source);
        }
    }

    /// <summary>An empty folder that takes these packages from here, and all others from where this machine has them.</summary>
    public string NewApplication(string name)
    {
        var folder = _folder.CreateSubdirectory(name).FullName;
        File.WriteAllText(Path.Combine(folder, "nuget.config"), $"""<configuration><packageSources><add key="reliablemq" value="{Source}" /></packageSources></configuration>""");
        // What has this version already, from another build, is not looked at.
        File.WriteAllText(Path.Combine(folder, "Directory.Build.props"),
            $"""
            <Project>
              <PropertyGroup>
                <RestorePackagesPath>{_folder.FullName}/packages</RestorePackagesPath>
                <RestoreFallbackFolders>{Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget/packages")}</RestoreFallbackFolders>
              </PropertyGroup>
            </Project>
            """);
        return folder;
    }

    public static async Task DotNetAsync(string folder, params string[] arguments)
    {
        await using var dotnet = ChildProcess.Start("dotnet", arguments, new Dictionary<string, string?> { ["DOTNET_CLI_UI_LANGUAGE"] = "en", ["MSBUILDDISABLENODEREUSE"] = "1" }, folder);
        // On a busy machine with turns for builds.
        (await dotnet.WaitForExitAsync(TimeSpan.FromMinutes(10))).ShouldBe(0, $"dotnet {string.Join(' ', arguments)}{Environment.NewLine}{string.Join(Environment.NewLine, dotnet.Output)}");
    }

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private static string Configuration => AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Release" : "Debug";
}
