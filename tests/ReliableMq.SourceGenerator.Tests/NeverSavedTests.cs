using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace ReliableMq.SourceGenerator.Tests;

/// <summary>The warning stands exactly where the source has <c>[|…|]</c>.</summary>
public sealed class NeverSavedTests
{
    private const string Usings = """
        using System;
        using System.Collections.Generic;
        using System.Linq;
        using System.Threading.Tasks;
        using Microsoft.EntityFrameworkCore;
        using Microsoft.Extensions.DependencyInjection;
        using ReliableMq;

        [Message("orders.order-placed.v1")]
        public sealed record OrderPlaced(Guid OrderId);

        public sealed class Order { public Guid Id { get; set; } }

        public sealed class OrdersDb : DbContext
        {
            public DbSet<Order> Orders => Set<Order>();
            public Task CompleteAsync() => SaveChangesAsync();
        }

        public static class Helpers
        {
            public static void Finish(this DbContext db) => db.SaveChanges();
            public static void Use(object anything) { }
        }

        """;

    private static readonly ImmutableArray<MetadataReference> References =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))];

    [Theory]
    [Trait(Refusal.Trait, "RMQ060")]
    [InlineData("using var db = new OrdersDb(); [|db.AddMessage(message)|];")]
    [InlineData("using (var db = new OrdersDb()) { [|db.AddMessage(message)|]; }")]
    [InlineData("await using var db = new OrdersDb(); db.Orders.Add(new Order()); await db.SaveChangesAsync(); [|db.AddMessage(message)|];")]
    [InlineData("using var db = factory.CreateDbContext(); [|db.AddMessage(message)|];")]
    [InlineData("await using var db = await factory.CreateDbContextAsync().ConfigureAwait(false); [|db.AddMessage(message)|];")]
    [InlineData("using var scope = services.CreateScope(); var db = scope.ServiceProvider.GetRequiredService<OrdersDb>(); [|db.AddMessage(message)|];")]
    [InlineData("await using var scope = services.CreateAsyncScope(); var db = scope.ServiceProvider.GetRequiredService<OrdersDb>(); [|db.AddMessage(message)|];")]
    [InlineData("using var db = new OrdersDb(); if (flag) { [|db.AddMessage(message)|]; return; } db.SaveChanges();")]
    [InlineData("using var db = new OrdersDb(); if (flag) { db.AddMessage(message); } else { [|db.AddMessage(message)|]; return; } db.SaveChanges();")]
    [InlineData("using var db = new OrdersDb(); using var other = new OrdersDb(); [|db.AddMessage(message)|]; other.SaveChanges();")]
    [InlineData("using var db = new OrdersDb(); using var transaction = db.Database.BeginTransaction(); [|db.AddMessage(message)|]; transaction.Commit();")]
    [InlineData("using var db = new OrdersDb(); _ = db.Orders.Count(); [|db.AddMessage(flag ? message : null!)|];")]
    [InlineData("using var db = new OrdersDb(); [|ReliableMqDbContextExtensions.AddMessage(db, message)|];")]
    [InlineData("Action run = () => { using var db = new OrdersDb(); [|db.AddMessage(message)|]; }; run();")]
    [InlineData("Run(); void Run() { using var db = new OrdersDb(); [|db.AddMessage(message)|]; }")]
    [InlineData("using var db = new OrdersDb(); if (flag) { [|db.AddMessage(message)|]; throw new InvalidOperationException(); }")]
    public Task Warns_where_nothing_can_save_the_message(string body) => ExpectAsync(body);

    [Theory]
    [InlineData("using var db = new OrdersDb(); db.AddMessage(message); db.SaveChanges();")]
    [InlineData("await using var db = await factory.CreateDbContextAsync(); db.AddMessage(message); await db.SaveChangesAsync().ConfigureAwait(false);")]
    [InlineData("using var db = new OrdersDb(); if (flag) { db.AddMessage(message); } db.SaveChanges();")]
    [InlineData("using var db = new OrdersDb(); db.AddMessage(message); if (flag) { return; } db.SaveChanges();")]
    [InlineData("using var db = new OrdersDb(); for (var i = 0; i < 3; i++) { db.SaveChanges(); db.AddMessage(message); }")]
    [InlineData("using var db = new OrdersDb(); foreach (var one in new[] { message }) { db.AddMessage(one); } db.SaveChanges();")]
    [InlineData("using var db = new OrdersDb(); try { db.AddMessage(message); } finally { db.SaveChanges(); }")]
    [InlineData("using var db = new OrdersDb(); try { db.AddMessage(message); Helpers.Use(1); return; } catch (Exception) { db.SaveChanges(); }")]
    [InlineData("using var db = new OrdersDb(); again: db.AddMessage(message); if (flag) { db.SaveChanges(); return; } flag = true; goto again;")]
    [InlineData("using var db = new OrdersDb(); db.AddMessage(flag ? message : null!); db.SaveChanges();")]
    [InlineData("using var db = new OrdersDb(); db.AddMessage(message); Helpers.Use(db.SaveChanges());")]
    public Task Does_not_warn_where_a_save_can_follow(string body) => ExpectAsync(body);

    [Theory]
    [InlineData("parameter.AddMessage(message);")]
    [InlineData("field.AddMessage(message);")]
    [InlineData("var db = services.GetRequiredService<OrdersDb>(); db.AddMessage(message);")]
    [InlineData("var db = parameter; db.AddMessage(message);")]
    [InlineData("var db = new OrdersDb(); db.AddMessage(message); field = db;")]
    [InlineData("var db = new OrdersDb(); Helpers.Use(db); db.AddMessage(message);")]
    [InlineData("using var db = new OrdersDb(); db.AddMessage(message); await db.CompleteAsync();")]
    [InlineData("using var db = new OrdersDb(); db.AddMessage(message); db.Finish();")]
    [InlineData("using var db = new OrdersDb(); db.AddMessage(message); db?.SaveChanges();")]
    [InlineData("using var db = new OrdersDb(); db.AddMessage(message); db.ChangeTracker.Context.SaveChanges();")]
    [InlineData("using var db = new OrdersDb(); Action save = () => db.SaveChanges(); db.AddMessage(message); save();")]
    [InlineData("using var db = new OrdersDb(); db.AddMessage(message); Save(); void Save() => db.SaveChanges();")]
    [InlineData("using var db = new OrdersDb(); await db.Database.CreateExecutionStrategy().ExecuteAsync(async () => { db.AddMessage(message); await db.SaveChangesAsync(); });")]
    [InlineData("using var scope = services.CreateScope(); var db = scope.ServiceProvider.GetRequiredService<OrdersDb>(); db.AddMessage(message); scope.ServiceProvider.GetRequiredService<OrdersDb>().SaveChanges();")]
    [InlineData("using var scope = services.CreateScope(); var db = scope.ServiceProvider.GetRequiredService<OrdersDb>(); db.AddMessage(message); Helpers.Use(scope);")]
    [InlineData("var db = Make(); db.AddMessage(message); OrdersDb Make() => field;")]
    [InlineData("OrdersDb db = new OrdersDb(); if (flag) { db = field; } db.AddMessage(message);")]
    [InlineData("using var db = new OrdersDb(); var all = new List<DbContext> { db }; db.AddMessage(message);")]
    [InlineData("var db = new OrdersDb { }; var pair = (db, 1); db.AddMessage(message);")]
    public Task Does_not_warn_where_somebody_else_may_save_it(string body) => ExpectAsync(body);

    [Fact]
    public async Task Does_not_warn_in_a_handler_whose_context_the_library_saves() => (await WarningsAsync(
        """
        public sealed class Handlers(OrdersDb field)
        {
            [MessageHandler("orders")]
            public void Handle(OrderPlaced message, OrdersDb db) { db.AddMessage(message); field.AddMessage(message); }
        }
        """)).ShouldBeEmpty();

    private static async Task ExpectAsync(string body)
    {
        var source =
            $$"""
            public sealed class Service(OrdersDb field, IServiceProvider services, IDbContextFactory<OrdersDb> factory)
            {
                public async Task Run(OrdersDb parameter, OrderPlaced message, bool flag)
                {
                    await Task.Yield();
                    {{body}}
                }
            }
            """;
        var marked = source.Split("[|").Skip(1).Select(piece => piece.Split("|]")[0]);

        var warnings = await WarningsAsync(source.Replace("[|", "", StringComparison.Ordinal).Replace("|]", "", StringComparison.Ordinal));

        warnings.Select(warning => warning.Location.SourceTree!.ToString().Substring(warning.Location.SourceSpan.Start, warning.Location.SourceSpan.Length)).ShouldBe(marked);
        warnings.ShouldAllBe(warning => warning.GetMessage(null) ==
            "The message is added to 'db', but no SaveChanges follows on any path, so it is never sent; save 'db' after adding the message");
    }

    internal static async Task<ImmutableArray<Diagnostic>> WarningsAsync(string source)
    {
        var compilation = CSharpCompilation.Create(
            "Shop", [CSharpSyntaxTree.ParseText(Usings + source, Compiler.ParseOptions)], References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).ShouldBeEmpty();
        return await compilation.WithAnalyzers([new NeverSavedAnalyzer()]).GetAnalyzerDiagnosticsAsync();
    }
}
