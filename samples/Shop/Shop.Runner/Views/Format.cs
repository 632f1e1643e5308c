using System.Globalization;
using Shop.Runner.Running;

namespace Shop.Runner.Views;

internal static class Format
{
    public static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds,6:0.0} s");

    public static string Text(Latency? latency) =>
        latency is null ? "p50 -  p95 -" : $"p50 {Text(latency.P50)}  p95 {Text(latency.P95)}";

    private static string Text(TimeSpan time) =>
        time < TimeSpan.FromSeconds(1)
            ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms")
            : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");

    /// <summary>The next tick; false once cancelled.</summary>
    public static async Task<bool> TickAsync(this PeriodicTimer timer, CancellationToken ct)
    {
        try
        {
            return await timer.WaitForNextTickAsync(ct);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
