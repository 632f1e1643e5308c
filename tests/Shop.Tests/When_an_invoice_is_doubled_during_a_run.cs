using Xunit;

namespace Shop.Tests;

public sealed class When_an_invoice_is_doubled_during_a_run
{
    [Fact]
    public async Task The_ledger_names_the_order_and_the_runner_fails()
    {
        await using var shop = await TestShop.CreateAsync("shop_test_doubled");
        await using var runner = shop.StartRunner();
        await runner.WaitForLineAsync(line => line.Contains("Billing is killed"), TestShop.Patience);

        var doubled = await shop.BillingAsync(
            """
            insert into "Invoices" ("OrderId", "Customer", "Amount", "Tax", "BilledAt")
            select "OrderId", "Customer", "Amount", "Tax", "BilledAt" from "Invoices" limit 1
            returning "OrderId"
            """);

        (await runner.WaitForExitAsync(TestShop.Patience)).ShouldBe(1, string.Join('\n', runner.Output));
        runner.Output.ShouldContain(line => line.Contains($"{doubled}  invoiced 2 times"));
        runner.Output.ShouldContain("The ledger does not balance: 1 difference.");
    }
}
