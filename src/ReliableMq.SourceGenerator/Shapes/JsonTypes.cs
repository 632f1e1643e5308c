using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>What System.Text.Json does with a type. Where that is not certain, it is said to be fine.</summary>
internal static class JsonTypes
{
    private const string Refused = "which System.Text.Json refuses";
    private const string Mangled = "which System.Text.Json cannot write and read back";
    private const string Uncreatable = "which System.Text.Json cannot create";

    // Written without an error or not, what arrives is something else, or nothing.
    private static readonly HashSet<string> MangledOnes =
    [
        "System.Numerics.BigInteger", "System.Numerics.Complex", "System.Numerics.Vector2", "System.Numerics.Vector3", "System.Numerics.Vector4",
        "System.Index", "System.Range", "System.Text.Rune", "System.Text.StringBuilder", "System.Text.Encoding", "System.Text.RegularExpressions.Regex",
        "System.Threading.CancellationToken", "System.Threading.Tasks.Task", "System.Threading.Tasks.ValueTask", "System.Lazy", "System.Exception", "System.IO.Stream",
        "System.Globalization.CultureInfo", "System.TimeZoneInfo", "System.Net.IPAddress", "System.Net.IPEndPoint", "System.Net.Mail.MailAddress",
        "System.Security.Claims.Claim", "System.Security.Claims.ClaimsPrincipal", "System.Drawing.Color", "System.Xml.Linq.XObject", "System.Data.DataTable", "System.DBNull",
        "System.Linq.Expressions.Expression",
    ];

    private static readonly HashSet<string> RefusedOnes =
        ["System.Delegate", "System.Reflection.MemberInfo", "System.Runtime.Serialization.SerializationInfo", "System.Collections.Generic.IAsyncEnumerable"];

    private static readonly HashSet<string> Keys =
    [
        "System.Guid", "System.DateTimeOffset", "System.DateOnly", "System.TimeOnly", "System.TimeSpan", "System.Uri", "System.Version", "System.Half", "System.Int128", "System.UInt128",
    ];

    private static readonly HashSet<string> CreatableInterfaces =
    [
        "System.Collections.IEnumerable", "System.Collections.ICollection", "System.Collections.IList", "System.Collections.IDictionary",
        "System.Collections.Generic.IEnumerable", "System.Collections.Generic.ICollection", "System.Collections.Generic.IList",
        "System.Collections.Generic.IReadOnlyCollection", "System.Collections.Generic.IReadOnlyList", "System.Collections.Generic.ISet",
        "System.Collections.Generic.IDictionary", "System.Collections.Generic.IReadOnlyDictionary",
    ];

    /// <summary>Whether an attribute has its values written another way; own converters may be named by attributes of their own.</summary>
    public static bool HasConverter(this ISymbol symbol) => symbol.GetAttributes().Any(attribute =>
        attribute.AttributeClass.Ancestry().Any(type => type.Is("System.Text.Json.Serialization.JsonConverterAttribute")));

    /// <summary>Whether there is nothing to say of the type: it is written another way, or known to be fine.</summary>
    public static bool IsOpaque(this ITypeSymbol type) =>
        type.TypeKind is TypeKind.Enum or TypeKind.TypeParameter or TypeKind.Error or TypeKind.Dynamic
        || type.IsIn("System.Text.Json")
        || type.SpecialType is not (SpecialType.None or SpecialType.System_IntPtr or SpecialType.System_UIntPtr or SpecialType.System_Delegate or SpecialType.System_MulticastDelegate)
            && CollectionOf(type) is null
        || type.HasConverter()
        || type.GetAttributes().Any(attribute => attribute.AttributeClass is { } known
            && (known.Is("System.Text.Json.Serialization.JsonDerivedTypeAttribute") || known.Is("System.Text.Json.Serialization.JsonPolymorphicAttribute")));

    /// <summary>What is wrong with a type wherever it is written, to follow it in a sentence.</summary>
    public static string? WriteFault(ITypeSymbol type) =>
        type is IArrayTypeSymbol { Rank: > 1 } or IPointerTypeSymbol or IFunctionPointerTypeSymbol
            || type.IsRefLikeType
            || type.SpecialType is SpecialType.System_IntPtr or SpecialType.System_UIntPtr
            || type.Ancestry().Any(ancestor => RefusedOnes.Contains(ancestor.NameOf())) ? Refused
        : type.IsTupleType ? "whose fields System.Text.Json leaves out"
        : type.Ancestry().Any(ancestor => MangledOnes.Contains(ancestor.NameOf())) ? Mangled
        : type.NameOf() is "System.Collections.Generic.Stack" or "System.Collections.Concurrent.ConcurrentStack" or "System.Collections.Stack" ? "which arrives in reverse order"
        : KeyOf(type) is { } key && !CanBeKey(key) ? $"whose keys System.Text.Json cannot write as names"
        : null;

    /// <summary>What is wrong with a type that is read, to follow it in a sentence.</summary>
    public static string? ReadFault(ITypeSymbol type)
    {
        if (CollectionOf(type) is null)
        {
            return type is INamedTypeSymbol && type.IsAbstract ? Uncreatable : null;
        }

        return type is IArrayTypeSymbol || type.IsValueType || type.IsIn("System.Collections.Immutable") || type.IsIn("Microsoft.FSharp") ? null
            : type.TypeKind == TypeKind.Interface ? (CreatableInterfaces.Contains(type.NameOf()) ? null : Uncreatable)
            : type.IsAbstract || !HasPublicConstructor((INamedTypeSymbol)type) || !CanBeFilled(type) ? Uncreatable
            : null;
    }

    /// <summary>What a collection consists of: its elements, or the values of a dictionary; null for what is no collection.</summary>
    public static ITypeSymbol? CollectionOf(ITypeSymbol type) =>
        type is IArrayTypeSymbol array ? array.ElementType
        : type.SpecialType == SpecialType.System_String ? null
        : Dictionary(type) is { } dictionary ? dictionary.TypeArguments[1]
        : Interface(type, "System.Collections.Generic.IEnumerable", 1) is { } list ? list.TypeArguments[0]
        : Interface(type, "System.Collections.IEnumerable", 0);

    /// <summary>The framework's own types have their own converters, or are told by name above.</summary>
    public static bool IsOfTheFramework(this ITypeSymbol type) => type.IsIn("System") || type.IsIn("Microsoft");

    public static ITypeSymbol WithoutNullable(this ITypeSymbol type) =>
        type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable ? nullable.TypeArguments[0]
        : type.WithNullableAnnotation(NullableAnnotation.None);

    private static bool CanBeKey(ITypeSymbol key) =>
        key.TypeKind is TypeKind.Enum or TypeKind.TypeParameter or TypeKind.Error
        || key.SpecialType is SpecialType.System_String or SpecialType.System_DateTime or (>= SpecialType.System_Boolean and <= SpecialType.System_Double)
        || Keys.Contains(key.NameOf())
        || key.HasConverter()
        || key.IsIn("System.Text.Json");

    private static ITypeSymbol? KeyOf(ITypeSymbol type) => Dictionary(type)?.TypeArguments[0];

    private static INamedTypeSymbol? Dictionary(ITypeSymbol type) =>
        Interface(type, "System.Collections.Generic.IDictionary", 2) ?? Interface(type, "System.Collections.Generic.IReadOnlyDictionary", 2);

    private static INamedTypeSymbol? Interface(ITypeSymbol type, string name, int arity) =>
        type.AllInterfaces.Concat(type is INamedTypeSymbol named ? [named] : []).FirstOrDefault(one => one.TypeKind == TypeKind.Interface && one.Arity == arity && one.NameOf() == name);

    private static bool HasPublicConstructor(INamedTypeSymbol type) =>
        type.InstanceConstructors.Any(constructor => constructor.Parameters.IsEmpty && constructor.DeclaredAccessibility == Accessibility.Public);

    private static bool CanBeFilled(ITypeSymbol type) =>
        Interface(type, "System.Collections.Generic.ICollection", 1) is not null
        || Interface(type, "System.Collections.IList", 0) is not null
        || Dictionary(type) is not null
        || Interface(type, "System.Collections.IDictionary", 0) is not null
        || type.Ancestry().Any(ancestor => ancestor.IsIn("System.Collections") && ancestor.Name is "Queue" or "ConcurrentQueue" or "Stack" or "ConcurrentStack");

    private static IEnumerable<INamedTypeSymbol> Ancestry(this ITypeSymbol? type)
    {
        for (var current = type as INamedTypeSymbol; current is not null; current = current.BaseType)
        {
            yield return current;
        }
    }

    /// <summary>Namespace and name, without type parameters.</summary>
    private static string NameOf(this ITypeSymbol type) =>
        type is INamedTypeSymbol { ContainingType: null, ContainingNamespace: { } place } ? place.ToDisplayString() + "." + type.Name : "";

    private static bool IsIn(this ITypeSymbol type, string space) =>
        type.ContainingNamespace?.ToDisplayString() is { } own && (own == space || own.StartsWith(space + ".", StringComparison.Ordinal));
}
