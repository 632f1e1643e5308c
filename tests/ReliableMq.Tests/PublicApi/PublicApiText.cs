using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace ReliableMq.Tests.PublicApi;

/// <summary>The public API of an assembly as sorted text, one line a type or member.</summary>
internal static class PublicApiText
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Of(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(HeadOf(type)).Append('\n');
            foreach (var member in MembersOf(type).Order(StringComparer.Ordinal))
            {
                text.Append("    ").Append(member).Append('\n');
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static string HeadOf(Type type)
    {
        var kind = type switch
        {
            { IsEnum: true } => "enum",
            { IsInterface: true } => "interface",
            { IsValueType: true } => "struct",
            { IsAbstract: true, IsSealed: true } => "static class",
            { IsAbstract: true } => "abstract class",
            { IsSealed: true } => "sealed class",
            _ => "class",
        };
        if (type.GetMethod("<Clone>$") is not null)
        {
            kind = kind.Replace("class", "record", StringComparison.Ordinal);
        }

        var bases = new[] { type.BaseType }.Concat(type.GetInterfaces().OrderBy(contract => contract.FullName, StringComparer.Ordinal))
            .Where(contract => contract is not null && contract != typeof(object) && contract != typeof(ValueType) && contract != typeof(Enum))
            .Where(contract => type.BaseType?.IsAssignableTo(contract) != true || contract == type.BaseType)
            .Select(contract => SignatureText.Of(contract!)).ToList();
        return $"{kind} {type.Namespace}.{SignatureText.Of(type)}{(bases.Count == 0 ? "" : " : " + string.Join(", ", bases))}";
    }

    private static IEnumerable<string> MembersOf(Type type)
    {
        foreach (var field in type.GetFields(Declared).Where(field => (field.IsPublic || field.IsFamily) && !field.IsSpecialName))
        {
            yield return field.IsLiteral
                ? $"const {SignatureText.Of(field.FieldType)} {field.Name} = {SignatureText.Value(field.GetRawConstantValue())}"
                : $"{(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}{SignatureText.Of(field)} {field.Name}";
        }

        foreach (var constructor in type.GetConstructors(Declared).Where(IsVisible))
        {
            yield return $"{Modifiers(constructor)}new({SignatureText.Parameters(constructor)})";
        }

        foreach (var property in type.GetProperties(Declared).Where(property => property.GetAccessors(nonPublic: true).Any(IsVisible)))
        {
            yield return $"{Modifiers(property.GetAccessors(nonPublic: true).First(IsVisible))}{(property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "")}"
                + $"{SignatureText.Of(property)} {property.Name} {{ {Accessors(property)} }}";
        }

        foreach (var method in type.GetMethods(Declared).Where(method => IsVisible(method) && !method.IsSpecialName))
        {
            yield return $"{Modifiers(method)}{SignatureText.Of(method.ReturnParameter)} {method.Name}{SignatureText.Generics(method)}({SignatureText.Parameters(method)})";
        }

        foreach (var added in type.GetEvents(Declared).Where(member => member.AddMethod is { } add && IsVisible(add)))
        {
            yield return $"event {SignatureText.Of(added.EventHandlerType!)} {added.Name}";
        }
    }

    // What the compiler adds to records says nothing that "record" does not.
    private static bool IsVisible(MethodBase method) =>
        (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly)
        && (method.IsSpecialName || !method.IsDefined(typeof(CompilerGeneratedAttribute)))
        && !(method is ConstructorInfo && method.IsDefined(typeof(CompilerGeneratedAttribute)));

    private static string Modifiers(MethodBase method) =>
        (method.IsFamily || method.IsFamilyOrAssembly ? "protected " : "")
        + (method.IsStatic ? "static " : "")
        + (method.DeclaringType!.IsInterface || !method.IsVirtual || method.IsFinal ? "" : method.IsAbstract ? "abstract " : IsOverride(method) ? "override " : "virtual ");

    private static bool IsOverride(MethodBase method) => method is MethodInfo own && own.GetBaseDefinition() != own;

    private static string Accessors(PropertyInfo property)
    {
        var get = property.GetMethod is { } getter && IsVisible(getter) ? "get;" : "";
        var set = property.SetMethod is { } setter && IsVisible(setter)
            ? setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init;" : "set;"
            : "";
        return $"{get} {set}".Trim();
    }
}
