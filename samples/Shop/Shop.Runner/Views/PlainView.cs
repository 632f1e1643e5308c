using System.Globalization;
using Shop.Runner.Running;

namespace Shop.Runner.Views;

/// <summary>A line every two seconds, for an output that is not a terminal.</summary>
internal sealed class PlainView(TextWriter output, TimeProvider clock) : IView
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    public async Task ShowAsync(RunStatus status, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        var going = true;
        while (going)
        {
            going = await timer.TickAsync(ct);
            while (status.Events.TryDequeue(out var happened))
            {
                output.WriteLine(Line(happened));
            }

            output.WriteLine(Line(status));
        }
    }

    public static string Line(RunStatus status)
    {
        var (placed, billed, shipped, failing, dead, rate, latency) = status.Progress;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Format.Seconds(status.Elapsed)}  placed {placed:N0}  billed {billed:N0}  shipped {shipped:N0}  failing {failing:N0}  dead-lettered {dead:N0}  {rate:N0}/s  {Format.Text(latency)}");
    }

    private static string Line(RunEvent happened) => $"{Format.Seconds(happened.At)}  {happened.Text}";
}
