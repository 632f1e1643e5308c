using System.Diagnostics;
using ReliableMq.TestSupport;
using Xunit;

namespace Shop.Tests;

public sealed class When_the_runner_is_killed
{
    [Fact]
    public async Task Its_services_end_and_the_next_run_goes_on_to_a_ledger_that_balances()
    {
        await using var shop = await TestShop.CreateAsync("shop_test_killed");
        await using (var killed = shop.StartRunner())
        {
            // Billing has just been killed, so half of the orders are still to be billed.
            await killed.WaitForLineAsync(line => line.Contains("Billing is killed"), TestShop.Patience);
            var services = await ChildrenOfAsync(killed.Id);
            services.Count.ShouldBeGreaterThanOrEqualTo(2, "Orders and Shipping, perhaps Billing again");

            killed.Kill();

            await Eventually.TrueAsync(() => services.TrueForAll(service => service.HasExited), "the services end with the runner");
        }

        await using var runner = shop.StartRunner();
        (await runner.WaitForExitAsync(TestShop.Patience)).ShouldBe(0, string.Join('\n', runner.Output));
        runner.Output.ShouldContain(line => line.StartsWith("An interrupted run goes on: "));
        runner.Output.ShouldContain(line => line.Contains("Billing is killed (SIGKILL) while a handler is at order "));
        runner.Output.ShouldContain("The ledger balances.");
    }

    private static async Task<List<Process>> ChildrenOfAsync(int parent)
    {
        await using var pgrep = ChildProcess.Start("pgrep", ["-P", $"{parent}"]);
        await pgrep.WaitForExitAsync();
        return [.. pgrep.Output.Select(line => Process.GetProcessById(int.Parse(line)))];
    }
}
