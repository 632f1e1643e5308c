using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>What can be the inbox of a handler.</summary>
internal static class Inboxes
{
    /// <summary>What is wrong with a type, to follow it in a sentence; null where nothing is.</summary>
    public static string? Fault(ITypeSymbol type, Compilation compilation) =>
        type is INamedTypeSymbol { IsUnboundGenericType: true } ? "has open type parameters"
        : !type.IsKnown() ? "is unknown while handlers are collected"
        : !type.IsVisibleIn(compilation) ? "cannot be seen by the generated code, so make it public or internal"
        : !IsInbox(type) ? "is no inbox"
        : null;

    private static bool IsInbox(ITypeSymbol type)
    {
        if (type.Is("Npgsql.NpgsqlDataSource") || type.Is("ReliableMq.NoInbox"))
        {
            return true;
        }

        var ancestor = type;
        while (ancestor is not null && !ancestor.Is("Microsoft.EntityFrameworkCore.DbContext"))
        {
            ancestor = ancestor.BaseType;
        }

        return ancestor is not null;
    }
}
