using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace ReliableMq.SourceGenerator.Tests;

/// <summary>Compiles a user's source with the generator, against the real assemblies.</summary>
internal static class Compiler
{
    public const string Messages = """
        namespace Shop;

        [Message("orders.order-placed.v1")]
        public sealed record OrderPlaced(Guid OrderId, decimal Total);

        [Message("orders.order-shipped.v1")]
        public sealed record OrderShipped(Guid OrderId);

        public interface IClock;
        """;

    private const string Usings = """
        global using System;
        global using System.Collections.Generic;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Microsoft.EntityFrameworkCore;
        global using Microsoft.Extensions.DependencyInjection;
        global using Npgsql;
        global using ReliableMq;
        """;

    public static readonly CSharpParseOptions ParseOptions =
        new(LanguageVersion.Latest, DocumentationMode.Diagnose);

    private static readonly string[] Ours =
        
    [
        "ReliableMq.dll", "ReliableMq.Abstractions.dll", "Microsoft.Extensions.DependencyInjection.Abstractions.dll",
        "Microsoft.EntityFrameworkCore.dll", "Npgsql.dll",
    ];

    public static readonly ImmutableArray<MetadataReference> References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(path => Ours.Contains(Path.GetFileName(path))
                || Path.GetDirectoryName(path) == Path.GetDirectoryName(typeof(object).Assembly.Location))
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    public static CSharpCompilation Compile(string assembly, params string[] sources) => CSharpCompilation.Create(
        assembly,
        sources.Prepend(Usings).Select((source, index) => CSharpSyntaxTree.ParseText(source, ParseOptions, $"/shop/{index}.cs")),
        References,
        new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));

    public static GeneratorDriver Driver(string? chosenMethod = null) => CSharpGeneratorDriver.Create(
        [new MessageHandlerGenerator().AsSourceGenerator()],
        parseOptions: ParseOptions,
        optionsProvider: new ProjectOptions(chosenMethod),
        driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));

    public static Generation Generate(CSharpCompilation compilation, string? chosenMethod = null)
    {
        var driver = Driver(chosenMethod).RunGeneratorsAndUpdateCompilation(compilation, out var output, out var diagnostics);
        var generated = driver.GetRunResult().GeneratedTrees;
        generated.Length.ShouldBeLessThanOrEqualTo(1, "one file per assembly");
        return new Generation(output, diagnostics, generated.SingleOrDefault());
    }

    /// <summary>Generates for a source in namespace Shop, beside <see cref="Messages"/>.</summary>
    public static Generation Generate(string source, string assembly = "Shop.Billing", string? chosenMethod = null) =>
        Generate(Compile(assembly, Messages, "namespace Shop;\n" + source), chosenMethod);

    private sealed class ProjectOptions(string? method) : AnalyzerConfigOptionsProvider
    {
        public override AnalyzerConfigOptions GlobalOptions { get; } = new Options(method);

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => new Options(null);

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => new Options(null);
    }

    private sealed class Options(string? method) : AnalyzerConfigOptions
    {
        public override bool TryGetValue(string key, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? value) =>
            (value = key == "build_property.ReliableMqHandlersMethod" ? method : null) is not null;
    }
}
