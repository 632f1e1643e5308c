using System.Reflection;
using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator.Tests;

internal static class Rules
{
    public static IEnumerable<DiagnosticDescriptor> All =>
        typeof(MessageHandlerGenerator).Assembly.GetTypes()
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(member => member.FieldType == typeof(DiagnosticDescriptor))
            .Select(member => (DiagnosticDescriptor)member.GetValue(null)!)
            .OrderBy(rule => rule.Id, StringComparer.Ordinal);
}
