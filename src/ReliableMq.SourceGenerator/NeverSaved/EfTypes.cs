using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace ReliableMq.SourceGenerator;

/// <summary>What the compilation knows of EF and of <c>AddMessage</c>.</summary>
internal sealed class EfTypes(INamedTypeSymbol dbContext, INamedTypeSymbol factory, INamedTypeSymbol extensions)
{
    private const string Ef = "Microsoft.EntityFrameworkCore";

    public static EfTypes? Find(Compilation compilation) =>
        compilation.GetTypeByMetadataName(Ef + ".DbContext") is { } dbContext
        && compilation.GetTypeByMetadataName(Ef + ".IDbContextFactory`1") is { } factory
        && compilation.GetTypeByMetadataName(Ef + ".ReliableMqDbContextExtensions") is { } extensions
            ? new EfTypes(dbContext, factory, extensions)
            : null;

    public bool IsAddMessage(IInvocationOperation invocation) =>
        invocation.TargetMethod.Name == "AddMessage" && SymbolEqualityComparer.Default.Equals(invocation.TargetMethod.ContainingType, extensions);

    public IOperation? ReceiverOf(IInvocationOperation addMessage) =>
        addMessage.Arguments.FirstOrDefault(argument => argument.Parameter?.Ordinal == 0)?.Value is { } value ? Unwrap(value) : null;

    public bool IsDbContext(ISymbol? type) => SymbolEqualityComparer.Default.Equals(type, dbContext);

    public bool IsContext(ITypeSymbol? type)
    {
        for (; type is not null; type = type.BaseType)
        {
            if (IsDbContext(type))
            {
                return true;
            }
        }

        return false;
    }

    public bool IsFactory(ITypeSymbol? type) =>
        type is INamedTypeSymbol named && named.AllInterfaces.Append(named).Any(one => SymbolEqualityComparer.Default.Equals(one.OriginalDefinition, factory));

    public static bool IsOfEf(IMethodSymbol method) =>
        method.ContainingNamespace.ToDisplayString() is Ef || method.ContainingNamespace.ToDisplayString().StartsWith(Ef + ".", StringComparison.Ordinal);

    /// <summary>The value behind conversions, awaits and <c>ConfigureAwait</c>.</summary>
    public static IOperation Unwrap(IOperation operation) => operation switch
    {
        IConversionOperation conversion => Unwrap(conversion.Operand),
        IAwaitOperation awaited => Unwrap(awaited.Operation),
        IInvocationOperation { TargetMethod.Name: "ConfigureAwait", Instance: { } task } => Unwrap(task),
        _ => operation,
    };
}
