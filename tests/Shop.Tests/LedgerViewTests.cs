using Shop.Runner.Ledgers;
using Shop.Runner.Views;
using Spectre.Console;
using Xunit;

namespace Shop.Tests;

/// <summary>The ledger as it is printed.</summary>
public sealed class LedgerViewTests
{
    private static readonly DeadOrder Dead = new(Guid.NewGuid(), "Order 7 cannot be billed: unknown product 'X[1]'.");

    private static readonly LedgerReport Balanced = new(
        Lines: 2000, Placed: 2000, Good: 1980, InvoicedOnce: 1980, ShippedOnce: 1980, Bad: 20, DeadWithReason: 20,
        Reasons: [new("negative amount", 8, 8, null), new("unknown product", 12, 12, Dead)],
        Differences: []);

    [Fact]
    public void Shows_what_was_expected_and_found_and_an_example_of_each_reason() =>
        Print(Balanced).ShouldBe(
            """

              Ledger                        expected   found
            ──────────────────────────────────────────────────
              placed                           2,000   2,000
              good, invoiced exactly once      1,980   1,980
              good, shipped exactly once       1,980   1,980
              bad, dead with its reason           20      20
                negative amount                    8       8
                unknown product                   12      12

              for example Order 7 cannot be billed: unknown product 'X[1]'.

            The ledger balances.

            """);

    [Fact]
    public void Lists_what_differs_by_order()
    {
        var order = Guid.NewGuid();

        var printed = Print(Balanced with
        {
            InvoicedOnce = 1979,
            Differences = [new(order, "invoiced 2 times"), new(null, "in the dead letters, but not in orders.csv: not JSON")],
        });

        printed.ShouldContain("good, invoiced exactly once      1,980   1,979");
        printed.ShouldContain($"  {order}  invoiced 2 times\n");
        printed.ShouldContain("  no order  in the dead letters, but not in orders.csv: not JSON\n");
        printed.ShouldEndWith("The ledger does not balance: 2 differences.\n");
    }

    [Fact]
    public void Lists_the_first_hundred_of_many_differences()
    {
        var printed = Print(Balanced with { Differences = [.. Enumerable.Range(0, 130).Select(i => new Difference(Guid.NewGuid(), "shipped 0 times"))] });

        printed.Split("shipped 0 times").Length.ShouldBe(101);
        printed.ShouldContain("  and 30 more\n");
    }

    private static string Print(LedgerReport report)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var console = AnsiConsole.Create(new() { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(output) });
        console.Profile.Width = 200;
        console.Write(report);
        return string.Join('\n', output.ToString().ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd()));
    }
}
