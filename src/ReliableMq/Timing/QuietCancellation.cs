namespace ReliableMq.Timing;

/// <summary>
/// Cancels, whatever those throw who are told. The database's client does when its connection breaks at that moment
/// (<see href="https://github.com/npgsql/npgsql/issues/6415"/>, seen with Npgsql 10.0.0), and any callback of a handler may:
/// on a timer that would end the process, elsewhere it would hit somebody who has only said that it is enough.
/// </summary>
internal static class QuietCancellation
{
#pragma warning disable RS0030 // What everybody else is to use this class for.
    public static void CancelQuietly(this CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (Exception)
        {
            // Everybody was told all the same.
        }
    }

    /// <summary>Those who are told run elsewhere.</summary>
    public static async Task CancelQuietlyAsync(this CancellationTokenSource source)
    {
        try
        {
            await source.CancelAsync();
        }
        catch (Exception)
        {
            // Everybody was told all the same.
        }
    }
#pragma warning restore RS0030
}
