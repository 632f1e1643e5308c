using Npgsql;

namespace ReliableMq.Dashboard.Services;

/// <summary>
/// Whether a database answers. One that accepted a question and did not answer it costs only the first who asks its
/// time: the others are told so at once, until somebody who is not waited for gets an answer from it.
/// </summary>
internal sealed class Reach(TimeProvider time)
{
    /// <summary>Longer than any statement here should take, shorter than people wait.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private volatile string? _error;
    private int _isTrying;

    /// <summary>Why nobody should ask it now; null where somebody may.</summary>
    public string? Error => _error;

    /// <summary>It did not answer in time.</summary>
    /// <returns>What to say of it.</returns>
    public string Lose() => _error = $"No answer within {Patience.TotalSeconds:0} s.";

    /// <summary>Tries whether it answers again, in the background, unless somebody does.</summary>
    public void TrySoon(ServiceTables tables)
    {
        if (Interlocked.CompareExchange(ref _isTrying, 1, 0) == 0)
        {
            _ = TryAsync(tables);
        }
    }

    private async Task TryAsync(ServiceTables tables)
    {
        try
        {
            using var patience = new CancellationTokenSource(Patience, time);
            await Task.Run(() => tables.UseAsync(async connection =>
            {
                await using var command = new NpgsqlCommand("SELECT 1", connection);
                return await command.ExecuteScalarAsync(patience.Token);
            }, patience.Token), patience.Token).WaitAsync(patience.Token);
            _error = null;
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException or System.Net.Sockets.SocketException or ReliableMqException)
        {
            // It says at once that it is away: whoever asks is told so by it.
            _error = null;
        }
        catch (OperationCanceledException)
        {
            await Task.Delay(Pause, time, CancellationToken.None);
        }
        finally
        {
            Volatile.Write(ref _isTrying, 0);
        }
    }
}
