using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace ReliableMq.SourceGenerator;

/// <summary>
/// Finds messages that System.Text.Json would refuse, or of which something would be missing when they arrive. An
/// analyzer and not the generator, so that an application with a JSON of its own can turn it off.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class MessageShapeAnalyzer : DiagnosticAnalyzer
{
    private const string Json = "application/json";

    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = ImmutableArray.Create(
        Rule.MessageConstructor, Rule.LostMember, Rule.MessageParameter, Rule.MemberType, Rule.MessageNames, Rule.MayBeLost);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterSymbolAction(Declared, SymbolKind.NamedType);
        context.RegisterSymbolAction(Handled, SymbolKind.Method);
    }

    /// <summary>A message of this assembly may only be sent from here, and an upcaster's old one is read.</summary>
    private static void Declared(SymbolAnalysisContext context)
    {
        var type = (INamedTypeSymbol)context.Symbol;
        if (IsJson(type))
        {
            Check(context, type, isWritten: true, isRead: false, type);
        }

        foreach (var upcaster in type.AllInterfaces.Where(one => one is { Name: "IMessageUpcaster", Arity: 2 } && one.ContainingNamespace.ToDisplayString() == "ReliableMq"))
        {
            Read(context, upcaster.TypeArguments[0], type);
        }
    }

    private static void Handled(SymbolAnalysisContext context)
    {
        var method = (IMethodSymbol)context.Symbol;
        if (!method.Parameters.IsEmpty && method.Attribute(MessageHandlerGenerator.HandlerAttribute) is not null)
        {
            var type = method.Parameters[0].Type;
            Read(context, Collections.IsReadOnlyList(type) ? Collections.ElementOf(type)! : type, method.Parameters[0]);
        }
    }

    private static void Read(SymbolAnalysisContext context, ITypeSymbol type, ISymbol reader)
    {
        if (type is INamedTypeSymbol message && IsJson(message))
        {
            Check(context, message, isWritten: !IsOwn(context, message), isRead: true, reader);
        }
    }

    private static bool IsJson(INamedTypeSymbol type) =>
        type is { TypeKind: TypeKind.Class or TypeKind.Struct, IsAbstract: false, IsStatic: false, IsRefLikeType: false }
        && !type.IsGeneric()
        && type.Attribute(MessageReader.AttributeName) is { } message
        && (message.Named("ContentType") is not { } contentType
            || (contentType.Value is string text && text.Split(';')[0].Trim().Equals(Json, StringComparison.OrdinalIgnoreCase)));

    private static void Check(SymbolAnalysisContext context, INamedTypeSymbol message, bool isWritten, bool isRead, ISymbol otherwiseAt) =>
        new MessageShape(message, isWritten, isRead, (rule, symbol, words) =>
        {
            var at = IsOwn(context, symbol) && symbol.Locations.FirstOrDefault(location => location.IsInSource) is { } place ? place : otherwiseAt.Locations[0];
            context.ReportDiagnostic(Diagnostic.Create(rule, at, [.. words]));
        }).Check();

    private static bool IsOwn(SymbolAnalysisContext context, ISymbol symbol) =>
        SymbolEqualityComparer.Default.Equals(symbol.ContainingAssembly, context.Compilation.Assembly);
}
