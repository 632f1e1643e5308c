using System.Reflection;
using System.Runtime.CompilerServices;

namespace ReliableMq.Tests.Architecture;

internal static class Types
{
    public static readonly Assembly Library = typeof(ReliableMqOptions).Assembly;

    public static readonly Assembly Abstractions = typeof(MessageAttribute).Assembly;

    /// <summary>The types that somebody wrote.</summary>
    public static IReadOnlyList<Type> Of(Assembly assembly) => [.. assembly.GetTypes().Where(type => !IsGenerated(type))];

    private static bool IsGenerated(Type type) =>
        type.IsDefined(typeof(CompilerGeneratedAttribute)) || type.Name.StartsWith('<') || (type.DeclaringType is { } outer && IsGenerated(outer));
}
