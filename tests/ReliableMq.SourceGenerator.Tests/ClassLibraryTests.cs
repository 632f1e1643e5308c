using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.Extensions.DependencyInjection;

namespace ReliableMq.SourceGenerator.Tests;

public sealed class ClassLibraryTests
{
    [Fact]
    public async Task Two_libraries_with_handlers_serve_one_host()
    {
        var libraries = new AssemblyLoadContext("libraries", isCollectible: true);
        var contracts = Compiler.Compile("Shop.Contracts", """
            namespace Shop.Contracts;

            [Message("orders.order-placed.v1")]
            public sealed record OrderPlaced(Guid OrderId);
            """);
        var billing = Library("Shop.Billing", contracts);
        var shipping = Library("Shop.Shipping", contracts);
        var host = Compiler.Compile("Shop.Host", """
            namespace Shop;

            public static class Host
            {
                public static void Add(ReliableMqBuilder builder) => builder.AddBillingHandlers().AddShippingHandlers();
            }
            """).AddReferences(contracts.ToMetadataReference(), billing.ToMetadataReference(), shipping.ToMetadataReference());
        var loaded = new CSharpCompilation[] { contracts, billing, shipping, host }.Select(compilation => Load(libraries, compilation)).ToArray();

        var services = new ServiceCollection();
        services.AddSingleton(new List<string>());
        loaded[3].GetType("Shop.Host")!.GetMethod("Add")!.Invoke(null, [new ReliableMqBuilder(services)]);
        await using var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true, ValidateOnBuild = true });
        await using var scope = provider.CreateAsyncScope();
        var definitions = provider.GetServices<HandlerDefinition>().ToList();

        definitions.Select(definition => (definition.Queue, definition.HandlerName)).ShouldBe(
            [("Shop.Billing", "Shop.Billing.Handlers.Handle"), ("Shop.Shipping", "Shop.Shipping.Handlers.Handle")]);
        foreach (var definition in definitions)
        {
            definition.MessageType.Assembly.ShouldBe(loaded[0]);
            await definition.Invoke!(scope.ServiceProvider, Activator.CreateInstance(definition.MessageType, Guid.Empty)!, null!);
        }

        provider.GetRequiredService<List<string>>().ShouldBe(["Shop.Billing", "Shop.Shipping"]);
    }

    private static CSharpCompilation Library(string name, CSharpCompilation contracts)
    {
        var library = Compiler.Compile(name, $$"""
            namespace {{name}};

            public sealed class Handlers(List<string> calls)
            {
                [MessageHandler("{{name}}")]
                public void Handle(Shop.Contracts.OrderPlaced message) => calls.Add("{{name}}");
            }
            """).AddReferences(contracts.ToMetadataReference());
        return (CSharpCompilation)Compiler.Generate(library).ShouldBeClean().Output;
    }

    private static Assembly Load(AssemblyLoadContext context, CSharpCompilation compilation)
    {
        using var stream = new MemoryStream();
        var emitted = compilation.Emit(stream);
        emitted.Success.ShouldBeTrue(string.Join('\n', emitted.Diagnostics));
        stream.Position = 0;
        return context.LoadFromStream(stream);
    }
}
