using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace ReliableMq.SourceGenerator;

/// <summary>
/// Warns of a message that is added to a DbContext which nobody saves afterwards. Only where everything can be
/// seen: the method made the context itself and hands it to nobody.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class NeverSavedAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = ImmutableArray.Create(Rule.NeverSaved);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(start =>
        {
            if (EfTypes.Find(start.Compilation) is { } types)
            {
                start.RegisterOperationBlockAction(block => Analyze(block, types));
            }
        });
    }

    private static void Analyze(OperationBlockAnalysisContext context, EfTypes types)
    {
        foreach (var block in context.OperationBlocks)
        {
            var added = block.DescendantsAndSelf().OfType<IInvocationOperation>().Where(types.IsAddMessage).ToList();
            if (added.Count == 0)
            {
                continue;
            }

            var graphs = Paths.GraphsOf(context.GetControlFlowGraph(block));
            foreach (var invocation in added)
            {
                if (types.ReceiverOf(invocation) is ILocalReferenceOperation { Local: var local }
                    && new LocalContext(local, block, types) is { IsSeenWholly: true } db
                    && Paths.NoneLeads(graphs, invocation.Syntax, db.Saves))
                {
                    context.ReportDiagnostic(Diagnostic.Create(Rule.NeverSaved, invocation.Syntax.GetLocation(), local.Name));
                }
            }
        }
    }
}
