namespace ReliableMq.Tests.Architecture;

public sealed class NamespaceTests
{
    // Extension methods live where their users look for them.
    private static readonly Dictionary<string, string> Exceptions = new()
    {
        ["ServiceCollectionExtensions.cs"] = "Microsoft.Extensions.DependencyInjection",
        ["DbContextExtensions.cs"] = "Microsoft.EntityFrameworkCore",
        ["ModelBuilderExtensions.cs"] = "Microsoft.EntityFrameworkCore",
    };

    [Theory]
    [InlineData("src/ReliableMq", "ReliableMq")]
    [InlineData("src/ReliableMq.Abstractions", "ReliableMq")]
    [InlineData("tests/ReliableMq.Tests", "ReliableMq.Tests")]
    public void A_file_declares_the_namespace_of_its_folder(string project, string root)
    {
        var files = Repository.SourcesOf(project);

        files.ShouldNotBeEmpty();
        foreach (var file in files)
        {
            var expected = Exceptions.GetValueOrDefault(file) ?? string.Join('.', [root, .. file.Split('/')[..^1]]);
            Repository.Read(project, file).Split('\n').ShouldContain($"namespace {expected};", $"{project}/{file}");
        }
    }
}
