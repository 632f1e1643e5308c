using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>
/// Finds the methods marked with <c>[MessageHandler]</c> and writes one method that registers them, so that
/// a host neither scans assemblies at its start nor uses reflection on the way of a message.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class MessageHandlerGenerator : IIncrementalGenerator
{
    internal const string HandlerAttribute = "ReliableMq.MessageHandlerAttribute";

    /// <inheritdoc />
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var readings = context.SyntaxProvider
            .ForAttributeWithMetadataName(HandlerAttribute, static (_, _) => true, HandlerReader.Read)
            .WithTrackingName(Steps.Readings);

        var messageProblems = context.SyntaxProvider
            .ForAttributeWithMetadataName(MessageReader.AttributeName, static (_, _) => true, MessageReader.Check)
            .SelectMany(static (problems, _) => problems)
            .WithTrackingName(Steps.MessageProblems);

        var bindingProblems = context.SyntaxProvider
            .ForAttributeWithMetadataName(BindingReader.AttributeName, static (_, _) => true, BindingReader.Check)
            .SelectMany(static (problem, _) => problem is null ? [] : new[] { problem })
            .WithTrackingName(Steps.BindingProblems);

        var ruleProblems = context.SyntaxProvider
            .ForAttributeWithMetadataName(OnExceptionReader.AttributeName, static (_, _) => true, OnExceptionReader.Check)
            .SelectMany(static (problem, _) => problem is null ? [] : new[] { problem })
            .WithTrackingName(Steps.RuleProblems);

        var clashes = readings
            .SelectMany(static (reading, _) => reading.Handler is null ? [] : new[] { new LocatedHandler(reading.Handler, reading.At) })
            .Collect()
            .Select(static (handlers, _) => Clashes.Find(handlers))
            .WithTrackingName(Steps.Clashes);

        // From here on without places in files: moved lines must not write the code again.
        var handlers = readings
            .SelectMany(static (reading, _) => reading.Handler is null ? [] : new[] { reading.Handler })
            .Collect()
            .Select(static (handlers, _) => Clashes.Without(handlers))
            .WithTrackingName(Steps.Handlers);

        var names = context.CompilationProvider
            .Select(static (compilation, _) => compilation.AssemblyName ?? "")
            .Combine(context.AnalyzerConfigOptionsProvider.Select(static (options, _) =>
                options.GlobalOptions.TryGetValue("build_property.ReliableMqHandlersMethod", out var method) ? method : ""))
            .Select(static (pair, _) => RegistrationNames.For(pair.Left, pair.Right))
            .WithTrackingName(Steps.Names);

        context.RegisterSourceOutput(readings.SelectMany(static (reading, _) => reading.Problems), Report);
        context.RegisterSourceOutput(messageProblems, Report);
        context.RegisterSourceOutput(bindingProblems, Report);
        context.RegisterSourceOutput(ruleProblems, Report);
        context.RegisterSourceOutput(clashes.SelectMany(static (problems, _) => problems), Report);
        context.RegisterSourceOutput(handlers.Combine(names), static (output, pair) => Write(output, pair.Left, pair.Right));
    }

    private static void Report(SourceProductionContext output, Problem problem) =>
        output.ReportDiagnostic(problem.ToDiagnostic());

    private static void Write(SourceProductionContext output, EquatableArray<Handler> handlers, RegistrationNames names)
    {
        if (handlers.Count == 0)
        {
            return;
        }

        if (names.Refused is { } refused)
        {
            output.ReportDiagnostic(Problem.Of(Rule.MethodName, null, Printable.Text(refused)).ToDiagnostic());
        }

        output.AddSource("ReliableMq.Handlers.g.cs", RegistrationWriter.Write(names, handlers));
    }
}
