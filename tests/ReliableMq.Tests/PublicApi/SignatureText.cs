using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace ReliableMq.Tests.PublicApi;

/// <summary>Types and parameters the way C# writes them, with nullability.</summary>
internal static class SignatureText
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(byte)] = "byte",
        [typeof(int)] = "int", [typeof(long)] = "long", [typeof(double)] = "double", [typeof(decimal)] = "decimal",
    };

    public static string Of(FieldInfo field) => Of(new NullabilityInfoContext().Create(field));

    public static string Of(PropertyInfo property) => Of(new NullabilityInfoContext().Create(property));

    public static string Of(ParameterInfo parameter) => Of(new NullabilityInfoContext().Create(parameter));

    public static string Of(Type type) => Name(type, Of);

    public static string Generics(MethodInfo method) =>
        !method.IsGenericMethodDefinition
            ? ""
            : $"<{string.Join(", ", method.GetGenericArguments().Select(argument => argument.Name + string.Concat(argument.GetGenericParameterConstraints().Select(constraint => $" : {Of(constraint)}"))))}>";

    public static string Parameters(MethodBase method)
    {
        var isExtension = method.IsDefined(typeof(ExtensionAttribute));
        return string.Join(", ", method.GetParameters().Select((parameter, index) =>
            (isExtension && index == 0 ? "this " : "")
            + (parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : parameter.IsOut ? "out " : parameter.ParameterType.IsByRef ? "ref " : "")
            + $"{Of(parameter)} {parameter.Name}"
            + (parameter.HasDefaultValue ? $" = {Value(parameter.DefaultValue)}" : "")));
    }

    public static string Value(object? value) => value switch
    {
        null => "default",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Of(NullabilityInfo info)
    {
        var type = info.Type.IsByRef ? info.Type.GetElementType()! : info.Type;
        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            return Of(value) + "?";
        }

        var arguments = new Queue<NullabilityInfo>(info.GenericTypeArguments);
        var name = info.ElementType is { } element ? Of(element) + "[]" : Name(type, argument => arguments.TryDequeue(out var known) ? Of(known) : Of(argument));
        var isNullable = info.WriteState == NullabilityState.Nullable || info.ReadState == NullabilityState.Nullable;
        return type.IsValueType || !isNullable ? name : name + "?";
    }

    private static string Name(Type type, Func<Type, string> argument)
    {
        if (Keywords.TryGetValue(type, out var keyword))
        {
            return keyword;
        }

        if (type.IsArray)
        {
            return argument(type.GetElementType()!) + "[]";
        }

        var name = type.DeclaringType is { } outer && !type.IsGenericParameter ? $"{Of(outer)}.{type.Name}" : type.Name;
        return type.IsGenericType
            ? $"{name[..name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(argument))}>"
            : name;
    }
}
