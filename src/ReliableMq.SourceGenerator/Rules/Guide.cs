using System.Reflection;

namespace ReliableMq.SourceGenerator;

/// <summary>Where the reader of a diagnostic finds more.</summary>
internal static class Guide
{
    public const string Description = "docs/diagnostics.md in the package ReliableMq says why, and shows it wrong and right.";

    private static readonly string? Published = typeof(Guide).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(metadata => metadata.Key == "DocsUrl")?.Value;

    public static string LinkTo(string id) => LinkTo(id, Published);

    /// <param name="id">The diagnostic.</param>
    /// <param name="published">The address of the guides; null where they have none. An IDE then offers no link, and the compiler prints the file's name.</param>
    public static string LinkTo(string id, string? published) =>
        (string.IsNullOrEmpty(published) ? "docs" : published!.TrimEnd('/')) + "/diagnostics.md#" + id.ToLowerInvariant();
}
