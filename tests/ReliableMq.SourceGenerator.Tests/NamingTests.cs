using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ReliableMq.SourceGenerator.Tests;

public sealed class NamingTests
{
    private const string Handler = """
        public sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(OrderPlaced message) { }
        }
        """;

    [Theory]
    [InlineData("Shop.Billing", "AddBillingHandlers")]
    [InlineData("Billing", "AddBillingHandlers")]
    [InlineData("Shop.Billing.Handlers", "AddBillingHandlers")]
    [InlineData("Shop.BillingHandlers", "AddBillingHandlers")]
    [InlineData("shop.billing.handlers", "AddBillingHandlers")]
    [InlineData("Handlers", "AddHandlers")]
    [InlineData("shop-billing", "AddShopBillingHandlers")]
    [InlineData("Shop.order_billing", "AddOrderBillingHandlers")]
    [InlineData("Shop.2nd", "Add2ndHandlers")]
    [InlineData("Shop.Billing.+", "AddBillingHandlers")]
    [InlineData("Läden.Übersicht", "AddÜbersichtHandlers")]
    public void The_method_is_named_after_the_assembly(string assembly, string method) =>
        MethodOf(Compiler.Generate(Handler, assembly).ShouldBeClean()).ShouldBe(method);

    [Fact]
    public void The_project_may_choose_the_name_of_the_method() =>
        MethodOf(Compiler.Generate(Handler, chosenMethod: "AddMine").ShouldBeClean()).ShouldBe("AddMine");

    [Theory, Trait(Refusal.Trait, "RMQ050")]
    [InlineData("Add Mine")]
    [InlineData("2nd")]
    [InlineData("class")]
    [InlineData("Shop.AddMine")]
    public void A_chosen_name_that_is_no_method_name_is_an_error(string name)
    {
        var generation = Compiler.Generate(Handler, chosenMethod: name);

        var reported = generation.Diagnostics.ShouldHaveSingleItem();
        reported.Id.ShouldBe("RMQ050");
        reported.Location.ShouldBe(Location.None);
        reported.GetMessage().ShouldBe(
            $"The project property ReliableMqHandlersMethod is '{name}', which is not a method name; use a C# identifier such as 'AddBillingHandlers'");
        MethodOf(generation).ShouldBe("AddBillingHandlers");
    }

    [Fact]
    public void An_empty_choice_is_none() =>
        MethodOf(Compiler.Generate(Handler, chosenMethod: "").ShouldBeClean()).ShouldBe("AddBillingHandlers");

    [Theory]
    [InlineData("Shop.Billing", "ReliableMqHandlers_Shop_Billing")]
    [InlineData("Shop_Billing", "ReliableMqHandlers_Shop_x5F_Billing")]
    [InlineData("Shop-Billing", "ReliableMqHandlers_Shop_x2D_Billing")]
    [InlineData("Acme.Billing", "ReliableMqHandlers_Acme_Billing")]
    public void The_class_is_named_after_the_whole_assembly(string assembly, string expected) =>
        Compiler.Generate(Handler, assembly).ShouldBeClean().Tree!.GetRoot()
            .DescendantNodes().OfType<ClassDeclarationSyntax>().Single().Identifier.Text.ShouldBe(expected);

    private static string MethodOf(Generation generation) =>
        generation.Tree!.GetRoot().DescendantNodes().OfType<MethodDeclarationSyntax>().Single().Identifier.Text;
}
