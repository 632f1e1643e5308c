using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace ReliableMq.SourceGenerator;

/// <summary>A place in a file. A <see cref="Location"/> would keep the whole syntax tree alive.</summary>
internal sealed record SourceSpan(string Path, TextSpan Span, LinePositionSpan Lines)
{
    public static SourceSpan? From(Location? location) =>
        location is { IsInSource: true, SourceTree: { } tree }
            ? new(tree.FilePath, location.SourceSpan, location.GetLineSpan().Span)
            : null;

    public Location ToLocation() => Location.Create(Path, Span, Lines);
}
