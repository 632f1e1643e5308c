namespace ReliableMq.Faults.Running;

/// <summary>The machine's own way to its servers leads to what it torments: what fails is tried again for a while.</summary>
internal static class Patiently
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static Task DoAsync(Func<Task> action) => DoAsync(async () =>
    {
        await action();
        return true;
    });

    public static async Task<T> DoAsync<T>(Func<Task<T>> action)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await action();
            }
            catch (Exception) when (TimeProvider.System.GetElapsedTime(began) < Patience)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, CancellationToken.None);
            }
        }
    }
}
