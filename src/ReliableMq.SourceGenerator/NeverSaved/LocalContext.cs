using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace ReliableMq.SourceGenerator;

/// <summary>A local variable with a context: who made it, who else may save it, and where it is saved.</summary>
internal sealed class LocalContext
{
    private readonly EfTypes _types;
    private readonly IOperation _body;

    public LocalContext(ILocalSymbol local, IOperation body, EfTypes types)
    {
        _types = types;
        _body = body;
        IsSeenWholly = IsMadeHere(local);
        foreach (var reference in ReferencesTo(local))
        {
            if (SaveOf(reference) is { } save)
            {
                Saves.Add(save);
            }
            else if (!IsHarmless(reference))
            {
                IsSeenWholly = false;
            }
        }
    }

    /// <summary>Whether this method made it, and nobody else can save it.</summary>
    public bool IsSeenWholly { get; private set; }

    public HashSet<SyntaxNode> Saves { get; } = [];

    private IEnumerable<ILocalReferenceOperation> ReferencesTo(ILocalSymbol local) =>
        _body.DescendantsAndSelf().OfType<ILocalReferenceOperation>().Where(reference => SymbolEqualityComparer.Default.Equals(reference.Local, local));

    private bool IsMadeHere(ILocalSymbol local) => EfTypes.Unwrap(InitialValueOf(local) ?? _body) switch
    {
        IObjectCreationOperation => true,
        IInvocationOperation { TargetMethod.Name: "CreateDbContext" or "CreateDbContextAsync" } created => _types.IsFactory(created.TargetMethod.ContainingType),
        IInvocationOperation { TargetMethod.Name: "GetRequiredService" or "GetService" } resolved => IsFromScopeOfItsOwn(resolved),
        _ => false,
    };

    private IOperation? InitialValueOf(ILocalSymbol local) =>
        _body.Descendants().OfType<IVariableDeclaratorOperation>().FirstOrDefault(declarator => SymbolEqualityComparer.Default.Equals(declarator.Symbol, local))?.Initializer?.Value;

    /// <summary>Any other service of the scope could have the same context, and save it.</summary>
    private bool IsFromScopeOfItsOwn(IInvocationOperation resolved) =>
        (resolved.Instance ?? resolved.Arguments.FirstOrDefault()?.Value) is { } provider
        && EfTypes.Unwrap(provider) is IPropertyReferenceOperation { Property.Name: "ServiceProvider", Instance: { } instance }
        && EfTypes.Unwrap(instance) is ILocalReferenceOperation { Local: var scope }
        && InitialValueOf(scope) is { } made
        && EfTypes.Unwrap(made) is IInvocationOperation { TargetMethod.Name: "CreateScope" or "CreateAsyncScope" }
        && ReferencesTo(scope).Count() == 1;

    private SyntaxNode? SaveOf(ILocalReferenceOperation reference) =>
        reference.Parent is IInvocationOperation { TargetMethod: var method } invocation && invocation.Instance == reference
        && method.Name is "SaveChanges" or "SaveChangesAsync"
        && !IsInNestedFunction(reference)
            ? invocation.Syntax
            : null;

    private bool IsHarmless(ILocalReferenceOperation reference)
    {
        if (IsInNestedFunction(reference))
        {
            return false;
        }

        IOperation value = reference;
        while (value.Parent is IConversionOperation { IsImplicit: true } conversion)
        {
            value = conversion;
        }

        return value.Parent switch
        {
            IArgumentOperation { Parent: IInvocationOperation invocation } => _types.IsAddMessage(invocation),
            IInvocationOperation { TargetMethod: var method } invocation when invocation.Instance == value => _types.IsDbContext(method.ContainingType) || method.Name is "Dispose" or "DisposeAsync",
            IPropertyReferenceOperation property when property.Instance == value => IsHarmless(property),
            IUsingOperation => true,
            _ => false,
        };
    }

    /// <summary>A set does not save; the parts of the context that lead back to it do not, used by EF's own methods.</summary>
    private static bool IsHarmless(IPropertyReferenceOperation property) =>
        property.Type?.Name == "DbSet"
        || property.Parent is IInvocationOperation { TargetMethod: var method } && EfTypes.IsOfEf(method)
        || property.Parent is IArgumentOperation { Parent: IInvocationOperation { TargetMethod: { IsExtensionMethod: true } extension } } && EfTypes.IsOfEf(extension);

    private bool IsInNestedFunction(ILocalReferenceOperation reference)
    {
        for (IOperation? operation = reference; operation is not null && operation != _body; operation = operation.Parent)
        {
            if (operation is IAnonymousFunctionOperation { Symbol: var lambda })
            {
                return !SymbolEqualityComparer.Default.Equals(lambda, reference.Local.ContainingSymbol);
            }

            if (operation is ILocalFunctionOperation { Symbol: var function })
            {
                return !SymbolEqualityComparer.Default.Equals(function, reference.Local.ContainingSymbol);
            }
        }

        return false;
    }
}
