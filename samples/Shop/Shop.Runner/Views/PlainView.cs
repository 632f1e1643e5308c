using Shop.Runner.Running;

namespace Shop.Runner.Views;

/// <summary>For an output that is not a terminal: what happens at once, and how far it is every two seconds.</summary>
internal sealed class PlainView(TextWriter output, TimeProvider clock) : IView
{
    private const int TicksPerLine = 10;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);

    public async Task ShowAsync(RunStatus status, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Tick, clock);
        var going = true;
        for (var tick = 1; going; tick++)
        {
            going = await timer.TickAsync(ct);
            while (status.Events.TryDequeue(out var happened))
            {
                output.WriteLine(Line(happened));
            }

            if (tick % TicksPerLine == 0 || !going)
            {
                output.WriteLine(Line(status));
            }
        }
    }

    private static string Line(RunStatus status)
    {
        var (placed, billed, shipped, failing, dead, rate, latency) = status.Progress;
        return $"{Format.Seconds(status.Elapsed)}  placed {placed:N0}  billed {billed:N0}  shipped {shipped:N0}  failing {failing:N0}  dead-lettered {dead:N0}  {rate:N0}/s  p50 {Format.Text(latency?.P50)}  p95 {Format.Text(latency?.P95)}";
    }

    private static string Line(RunEvent happened) => $"{Format.Seconds(happened.At)}  {happened.Text}";
}
