using System.Collections;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ReliableMq.SourceGenerator.Tests;

public sealed class IncrementalityTests
{
    private const string Handlers = """
        namespace Shop;

        [Message("wrong")]
        public sealed record Wrong;

        public sealed class Handlers
        {
            [MessageHandler("billing", Retry = "1s"), Binding("legacy", "#")]
            public void Handle(OrderPlaced message, IClock clock) { }

            [Binding("legacy", "#")]
            public void Alone(OrderPlaced message) { }

            [MessageHandler("shipping")]
            public int Refused(OrderPlaced message) => 0;

            [MessageHandler("audit")]
            public void One(OrderPlaced message) { }

            [MessageHandler("audit")]
            public void Two(OrderPlaced message) { }
        }
        """;

    private const string Other = "namespace Shop; public class Other { }";

    private static readonly string[] OurSteps =
        [Steps.Readings, Steps.MessageProblems, Steps.BindingProblems, Steps.Clashes, Steps.Handlers, Steps.Names];

    [Fact]
    public void An_edit_in_another_file_runs_nothing_again()
    {
        var result = AfterEdit(Other, "namespace Shop; public class Other { public int X; }");

        ReasonsOf(result, OurSteps).ShouldAllBe(reason => IsIdle(reason));
        OutputsOf(result).ShouldAllBe(reason => IsIdle(reason));
    }

    [Fact]
    public void An_edit_behind_the_handlers_runs_nothing_again()
    {
        var result = AfterEdit(Handlers, Handlers + "\npublic class Behind;");

        ReasonsOf(result, OurSteps).ShouldAllBe(reason => IsIdle(reason));
        OutputsOf(result).ShouldAllBe(reason => IsIdle(reason));
    }

    [Fact]
    public void Moved_handlers_do_not_write_the_code_again()
    {
        var result = AfterEdit(Handlers, "// moved\n\n" + Handlers);

        ReasonsOf(result, Steps.Readings).ShouldContain(IncrementalStepRunReason.Modified);
        ReasonsOf(result, Steps.Handlers, Steps.Names).ShouldAllBe(reason => IsIdle(reason));
    }

    [Fact]
    public void A_changed_handler_writes_the_code_again()
    {
        var result = AfterEdit(Handlers, Handlers.Replace("Retry = \"1s\"", "Retry = \"2s\""));

        ReasonsOf(result, Steps.Handlers).ShouldHaveSingleItem().ShouldBe(IncrementalStepRunReason.Modified);
        result.GeneratedSources.ShouldHaveSingleItem().SourceText.ToString().ShouldContain("Retry = \"2s\"");
    }

    [Fact]
    public void A_changed_binding_writes_the_code_again() =>
        AfterEdit(Handlers, Handlers.Replace("Binding(\"legacy\", \"#\")]\n    public void Handle", "Binding(\"legacy\", \"invoice.#\")]\n    public void Handle"))
            .GeneratedSources.ShouldHaveSingleItem().SourceText.ToString().ShouldContain("new(\"legacy\", \"invoice.#\")");

    [Fact]
    public void No_step_keeps_a_compilation_alive()
    {
        var result = AfterEdit(Handlers, Handlers);

        foreach (var step in OurSteps)
        {
            result.TrackedSteps[step].SelectMany(run => run.Outputs).ShouldNotBeEmpty(step);
            foreach (var (value, _) in result.TrackedSteps[step].SelectMany(run => run.Outputs))
            {
                Visit(value, step, []);
            }
        }
    }

    private static GeneratorRunResult AfterEdit(string before, string after)
    {
        var first = Compiler.Compile("Shop.Billing", Compiler.Messages, Handlers, Other);
        var edited = first.SyntaxTrees.Single(tree => tree.ToString() == before);
        var second = first.ReplaceSyntaxTree(edited, CSharpSyntaxTree.ParseText(after, Compiler.ParseOptions, edited.FilePath));
        return Compiler.Driver().RunGenerators(first).RunGenerators(second).GetRunResult().Results.Single();
    }

    private static bool IsIdle(IncrementalStepRunReason reason) =>
        reason is IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged;

    private static IEnumerable<IncrementalStepRunReason> ReasonsOf(GeneratorRunResult result, params string[] steps) =>
        steps.SelectMany(step => result.TrackedSteps[step]).SelectMany(run => run.Outputs).Select(output => output.Reason);

    private static IEnumerable<IncrementalStepRunReason> OutputsOf(GeneratorRunResult result) =>
        result.TrackedOutputSteps.Values.SelectMany(runs => runs).SelectMany(run => run.Outputs).Select(output => output.Reason);

    private static void Visit(object? value, string path, HashSet<object> seen)
    {
        if (value is null || value is string || value.GetType().IsPrimitive || value.GetType().IsEnum || !seen.Add(value))
        {
            return;
        }

        (value is ISymbol or SyntaxNode or SyntaxTree or Compilation or SemanticModel or Location or AttributeData)
            .ShouldBeFalse($"{path} holds a {value.GetType().Name}");

        // One for all runs, of constant texts.
        if (value is DiagnosticDescriptor)
        {
            return;
        }

        foreach (var item in value is IEnumerable items ? items.Cast<object?>() : [])
        {
            Visit(item, path + "[]", seen);
        }

        foreach (var field in value.GetType().GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            Visit(field.GetValue(value), path + "." + field.Name, seen);
        }
    }
}
