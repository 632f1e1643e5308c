using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace ReliableMq.SourceGenerator;

/// <summary>Which code can run after which.</summary>
internal static class Paths
{
    /// <summary>The graph of a body and of every function in it.</summary>
    public static List<ControlFlowGraph> GraphsOf(ControlFlowGraph graph)
    {
        var graphs = new List<ControlFlowGraph> { graph };
        foreach (var function in graph.LocalFunctions)
        {
            graphs.AddRange(GraphsOf(graph.GetLocalFunctionControlFlowGraph(function)));
        }

        foreach (var lambda in graph.Blocks.SelectMany(OperationsOf).SelectMany(operation => operation.DescendantsAndSelf()).OfType<IFlowAnonymousFunctionOperation>())
        {
            graphs.AddRange(GraphsOf(graph.GetAnonymousFunctionControlFlowGraph(lambda)));
        }

        return graphs;
    }

    /// <summary>Whether no path from the one place leads to any of the others. Exceptions are paths, too.</summary>
    public static bool NoneLeads(List<ControlFlowGraph> graphs, SyntaxNode from, HashSet<SyntaxNode> to)
    {
        foreach (var graph in graphs)
        {
            foreach (var block in graph.Blocks)
            {
                var operations = OperationsOf(block).ToList();
                var at = operations.FindIndex(operation => Contains(operation, from));
                if (at >= 0)
                {
                    return !operations.Skip(at).Any(operation => to.Any(place => Contains(operation, place)))
                        && !BlocksAfter(graph, block).SelectMany(OperationsOf).Any(operation => to.Any(place => Contains(operation, place)));
                }
            }
        }

        // Not found means not understood.
        return false;
    }

    private static HashSet<BasicBlock> BlocksAfter(ControlFlowGraph graph, BasicBlock start)
    {
        var after = new HashSet<BasicBlock>();
        var open = new Queue<BasicBlock>();
        Leave(start);
        while (open.Count > 0)
        {
            Leave(open.Dequeue());
        }

        return after;

        void Leave(BasicBlock block)
        {
            foreach (var branch in new[] { block.ConditionalSuccessor, block.FallThroughSuccessor })
            {
                Enter(branch?.Destination);
                foreach (var region in branch?.FinallyRegions ?? [])
                {
                    EnterRegion(region);
                }
            }

            for (var region = block.EnclosingRegion; region is not null; region = region.EnclosingRegion)
            {
                if (region.Kind is ControlFlowRegionKind.TryAndCatch or ControlFlowRegionKind.TryAndFinally)
                {
                    foreach (var handler in region.NestedRegions.Where(nested => nested.Kind != ControlFlowRegionKind.Try))
                    {
                        EnterRegion(handler);
                    }
                }
            }
        }

        void EnterRegion(ControlFlowRegion region)
        {
            for (var ordinal = region.FirstBlockOrdinal; ordinal <= region.LastBlockOrdinal; ordinal++)
            {
                Enter(graph.Blocks[ordinal]);
            }
        }

        void Enter(BasicBlock? block)
        {
            if (block is not null && after.Add(block))
            {
                open.Enqueue(block);
            }
        }
    }

    private static IEnumerable<IOperation> OperationsOf(BasicBlock block) =>
        block.BranchValue is { } value ? block.Operations.Append(value) : block.Operations;

    private static bool Contains(IOperation operation, SyntaxNode syntax) =>
        operation.Syntax.Span.Contains(syntax.Span) && operation.DescendantsAndSelf().Any(one => one.Syntax == syntax);
}
