namespace Shop.Runner.Views;

internal static class PeriodicTimerExtensions
{
    /// <summary>Waits for the next tick; false once cancelled.</summary>
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
