using Shop.Runner.Running;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Shop.Runner.Views;

/// <summary>The run on a terminal, redrawn in place.</summary>
internal sealed class LiveView(IAnsiConsole console, TimeProvider clock) : IView
{
    private const int BarWidth = 36;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    public Task ShowAsync(RunStatus status, CancellationToken ct) =>
        console.Live(Render(status)).StartAsync(async display =>
        {
            using var timer = new PeriodicTimer(Interval, clock);
            var going = true;
            while (going)
            {
                going = await timer.TickAsync(ct);
                display.UpdateTarget(Render(status));
            }
        });

    private static IRenderable Render(RunStatus status)
    {
        var progress = status.Progress;
        var orders = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn(new GridColumn().NoWrap().RightAligned()).AddColumn(new GridColumn().NoWrap());
        AddBar(orders, "placed", progress.Placed, status.Lines, "blue");
        AddBar(orders, "billed", progress.Billed, status.Good, "green");
        AddBar(orders, "shipped", progress.Shipped, status.Good, "green");
        AddBar(orders, "dead-lettered", progress.DeadLettered, status.Bad, "red");
        AddRow(orders, "failing", $"{progress.Failing:N0}", "bad orders that Billing has still to give up");
        AddRow(orders, "rate", $"{progress.Rate:N0}/s", "orders shipped, last five seconds");
        AddRow(orders, "latency p50", Format.Text(progress.Latency?.P50), "placed to shipped");
        AddRow(orders, "latency p95", Format.Text(progress.Latency?.P95), "");
        var events = status.Events.Select(IRenderable (e) => new Markup($"[grey]{Format.Seconds(e.At)}[/]  {Markup.Escape(e.Text)}"));
        return new Panel(new Rows([orders, .. events]))
            .Header($" ReliableMq Shop, {Format.Seconds(status.Elapsed).Trim()} ")
            .Expand();
    }

    private static void AddBar(Grid grid, string name, int count, int of, string color)
    {
        var filled = of == 0 ? 0 : (int)Math.Min(BarWidth, (long)count * BarWidth / of);
        AddRow(grid, name, $"{count:N0}", $"[{color}]{new string('━', filled)}[/][grey23]{new string('━', BarWidth - filled)}[/] of {of:N0}");
    }

    private static void AddRow(Grid grid, string name, string value, string rest) => grid.AddRow(name, $"[bold]{value}[/]", $"[grey]{rest}[/]");
}
