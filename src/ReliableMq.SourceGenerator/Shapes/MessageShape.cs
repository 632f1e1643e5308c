using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>Walks through a message and all that it consists of, and tells what System.Text.Json would refuse or lose.</summary>
/// <param name="message">The message.</param>
/// <param name="isWritten">Whether to tell what a sender meets.</param>
/// <param name="isRead">Whether to tell what a receiver meets.</param>
/// <param name="report">Takes the rule, what the fault is at, and the words.</param>
internal sealed class MessageShape(INamedTypeSymbol message, bool isWritten, bool isRead, Action<DiagnosticDescriptor, ISymbol, string[]> report)
{
    private readonly HashSet<(ITypeSymbol, bool)> _seen = new(SeenComparer.Instance);

    public void Check()
    {
        if (!message.IsOpaque())
        {
            CheckObject(message, isRead);
        }
    }

    /// <param name="type">A class or struct of the user.</param>
    /// <param name="reads">Whether values of it are read: not where it is only the type of a computed property.</param>
    private void CheckObject(INamedTypeSymbol type, bool reads)
    {
        if (!_seen.Add((type, reads)))
        {
            return;
        }

        var constructor = JsonConstructors.Of(type);
        var writeFault = JsonConstructors.WriteFault(type);
        if ((writeFault ?? (reads ? JsonConstructors.ReadFault(type) : null)) is { } constructors)
        {
            if (isWritten || writeFault is null)
            {
                report(Rule.MessageConstructor, type, [Subject(type), constructors]);
            }

            return;
        }

        // The constructor that is used may be a private one, and it may do anything.
        reads &= constructor is not null || type.IsValueType;
        var members = JsonMember.Of(type).ToList();
        var filled = reads && constructor is not null ? CheckParameters(type, constructor, members) : [];
        if (isWritten)
        {
            CheckNames(type, members);
        }

        foreach (var member in members.Where(member => !member.IsIgnored))
        {
            if (!member.IsWritten)
            {
                CheckUnwritten(type, member);
                continue;
            }

            var arrives = member.IsSettable || filled.Contains(member);
            if (reads && !arrives && member.Symbol is IPropertySymbol property)
            {
                CheckUnread(type, member, Arrivals.Of(property, type, constructor));
            }

            if (!member.HasConverter && !member.IsExtensionData)
            {
                CheckType(type, member, member.Type, reads && arrives);
            }
        }
    }

    /// <returns>The members that the constructor fills.</returns>
    private HashSet<JsonMember> CheckParameters(INamedTypeSymbol type, IMethodSymbol constructor, List<JsonMember> members)
    {
        var filled = new HashSet<JsonMember>();
        foreach (var parameter in constructor.Parameters)
        {
            var member = members.Find(member => (member.Symbol is IPropertySymbol || member.IsWritten) && Matches(parameter, member));
            if (member is not null)
            {
                filled.Add(member);
            }
            else if (parameter.Type.IsKnown() && (!type.IsCompiled() || members.Exists(member => IsNamed(member, parameter))))
            {
                report(Rule.MessageParameter, parameter, [parameter.Name, parameter.Type.Shown(), Subject(type, isLower: true)]);
            }
        }

        return filled;
    }

    private void CheckNames(INamedTypeSymbol type, List<JsonMember> members)
    {
        var written = members.Where(member => !member.IsIgnored && !member.IsExtensionData && (member.Symbol is IPropertySymbol || member.IsWritten));
        foreach (var twins in written.GroupBy(member => member.JsonName, StringComparer.OrdinalIgnoreCase).Where(twins => twins.Skip(1).Any()))
        {
            var (first, second) = (twins.First(), twins.Skip(1).First());
            report(Rule.MessageNames, first.Symbol, [first.Symbol.Name, second.Symbol.Name, Subject(type, isLower: true), twins.Key]);
        }
    }

    private void CheckUnwritten(INamedTypeSymbol type, JsonMember member)
    {
        // A setter alone takes an old form of the message.
        if (isWritten && member.Symbol is IFieldSymbol)
        {
            Lost(type, member, "is a field, which System.Text.Json leaves out; make it a property");
        }
        else if (isWritten && member.Symbol is IPropertySymbol { GetMethod: not null })
        {
            Lost(type, member, "has no public getter, so System.Text.Json does not write it; make its getter public");
        }
    }

    private void CheckUnread(INamedTypeSymbol type, JsonMember member, Arrival arrival)
    {
        if (arrival == Arrival.Lost)
        {
            Lost(type, member, "has no public setter and no parameter of the constructor fills it, so it does not arrive; give it a public set or init");
        }
        else if (arrival == Arrival.Unknown)
        {
            report(Rule.MayBeLost, member.Symbol, [member.Kind, member.Symbol.Name, Subject(type, isLower: true)]);
        }
    }

    private void Lost(INamedTypeSymbol type, JsonMember member, string why) =>
        report(Rule.LostMember, member.Symbol, [member.Kind, member.Symbol.Name, Subject(type, isLower: true), why]);

    private void CheckType(INamedTypeSymbol owner, JsonMember member, ITypeSymbol type, bool reads)
    {
        type = type.WithoutNullable();
        if (member.Symbol is IPropertySymbol { RefKind: not RefKind.None })
        {
            if (isWritten)
            {
                report(Rule.MemberType, member.Symbol, [member.Kind, member.Symbol.Name, Subject(owner, isLower: true), "is", $"ref {type.Shown()}", "which System.Text.Json refuses"]);
            }

            return;
        }

        if (type.IsOpaque())
        {
            return;
        }

        var writeFault = JsonTypes.WriteFault(type);
        if (writeFault is not null && !isWritten)
        {
            // Told of the sender.
            return;
        }

        if ((writeFault ?? (reads ? JsonTypes.ReadFault(type) : null)) is { } fault)
        {
            var holds = SymbolEqualityComparer.Default.Equals(type, member.Type.WithoutNullable()) ? "is" : "holds";
            report(Rule.MemberType, member.Symbol, [member.Kind, member.Symbol.Name, Subject(owner, isLower: true), holds, type.Shown(), fault]);
        }
        else if (JsonTypes.CollectionOf(type) is { } element)
        {
            if (!SymbolEqualityComparer.Default.Equals(element, type))
            {
                CheckType(owner, member, element, reads);
            }
        }
        else if (type is INamedTypeSymbol { TypeKind: TypeKind.Class or TypeKind.Struct } named && !named.IsOfTheFramework())
        {
            CheckObject(named, reads);
        }
    }

    // Of the same type exactly, but for what a type does not say at run time.
    private static bool Matches(IParameterSymbol parameter, JsonMember member) =>
        parameter.RefKind == RefKind.None
        && IsNamed(member, parameter)
        && (SymbolEqualityComparer.Default.Equals(parameter.Type, member.Type) || HasErasedParts(parameter.Type) || HasErasedParts(member.Type));

    private static bool IsNamed(JsonMember member, IParameterSymbol parameter) =>
        string.Equals(parameter.Name, member.Symbol.Name, StringComparison.OrdinalIgnoreCase);

    private static bool HasErasedParts(ITypeSymbol type) =>
        type.TypeKind == TypeKind.Dynamic || type.IsTupleType
        || (type is INamedTypeSymbol named && named.TypeArguments.Any(HasErasedParts))
        || (type is IArrayTypeSymbol array && HasErasedParts(array.ElementType));

    private string Subject(INamedTypeSymbol type, bool isLower = false) =>
        SymbolEqualityComparer.Default.Equals(type, message)
            ? $"{(isLower ? "message" : "Message")} '{message.Shown()}'"
            : $"'{type.Shown()}' in message '{message.Shown()}'";

    private sealed class SeenComparer : IEqualityComparer<(ITypeSymbol, bool)>
    {
        public static readonly SeenComparer Instance = new();

        public bool Equals((ITypeSymbol, bool) one, (ITypeSymbol, bool) other) =>
            one.Item2 == other.Item2 && SymbolEqualityComparer.Default.Equals(one.Item1, other.Item1);

        public int GetHashCode((ITypeSymbol, bool) seen) => SymbolEqualityComparer.Default.GetHashCode(seen.Item1);
    }
}
