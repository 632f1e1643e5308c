using Shop.Runner.Ledgers;
using Spectre.Console;

namespace Shop.Runner.Views;

/// <summary>Prints a <see cref="LedgerReport"/>.</summary>
internal static class LedgerView
{
    private const int MostDifferences = 100;

    public static void Write(this IAnsiConsole console, LedgerReport report)
    {
        var table = new Table().Border(TableBorder.Simple)
            .AddColumn("[bold]Ledger[/]").AddColumn(new TableColumn("expected").RightAligned()).AddColumn(new TableColumn("found").RightAligned());
        AddRow("placed", report.Lines, report.Placed);
        AddRow("good, invoiced exactly once", report.Good, report.InvoicedOnce);
        AddRow("good, shipped exactly once", report.Good, report.ShippedOnce);
        AddRow("bad, dead with its reason", report.Bad, report.DeadWithReason);
        foreach (var reason in report.Reasons)
        {
            AddRow($"  {reason.Kind}", reason.Expected, reason.Found);
        }

        console.Write(table);
        foreach (var example in report.Reasons.Select(reason => reason.Example).OfType<DeadOrder>())
        {
            console.MarkupLineInterpolated($"  [grey]for example[/] {example.Reason}");
        }

        console.WriteLine();
        foreach (var difference in report.Differences.Take(MostDifferences))
        {
            console.MarkupLineInterpolated($"  [red]{difference.OrderId?.ToString() ?? "no order"}[/]  {difference.What}");
        }

        if (report.Differences.Count > MostDifferences)
        {
            console.WriteLine($"  and {report.Differences.Count - MostDifferences} more");
        }

        console.MarkupLine(report.Balances
            ? "[green]The ledger balances.[/]"
            : $"[red]The ledger does not balance: {report.Differences.Count} {(report.Differences.Count == 1 ? "difference" : "differences")}.[/]");

        void AddRow(string what, int expected, int found) =>
            table.AddRow(what, $"{expected:N0}", expected == found ? $"[green]{found:N0}[/]" : $"[red]{found:N0}[/]");
    }
}
