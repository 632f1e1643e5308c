using System.Net.Sockets;
using Npgsql;
using ReliableMq.Timing;

namespace ReliableMq.Dashboard.Services;

/// <summary>
/// Whether a database can be connected to. One that lets whoever connects wait costs only the first who asks its time:
/// the others are told so at once, until somebody who is not waited for is answered by it, or refused quickly.
/// </summary>
internal sealed class Reach(TimeProvider time)
{
    /// <summary>Longer than any statement here should take, shorter than people wait.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>Who is refused sooner need not be spared the asking.</summary>
    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(1);

    private volatile string? _error;
    private int _isTrying;

    /// <summary>Why nobody should ask it now; null where somebody may.</summary>
    public string? Error => _error;

    /// <summary>What is said of a database that let somebody wait.</summary>
    public static string NoAnswer => $"No answer within {Patience.TotalSeconds:0} s.";

    /// <summary>Whether it is the database or the way to it, and not a mistake. Of a connection that breaks Npgsql may also say that it was disposed of.</summary>
    public static bool IsAway(Exception exception) => exception is NpgsqlException or TimeoutException or SocketException or InvalidOperationException or ReliableMqException;

    /// <summary>Somebody connects.</summary>
    public Attempt Begin() => new(this, time, time.GetTimestamp());

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
        var attempt = Begin();
        try
        {
            using var patience = new TimeLimit(Patience, time);
            await Task.Run(() => tables.UseAsync(async connection =>
            {
                await using var command = new NpgsqlCommand("SELECT 1", connection);
                return await command.ExecuteScalarAsync(patience.Token);
            }, patience.Token), patience.Token).WaitAsync(patience.Token);
            _error = null;
        }
        catch (Exception exception) when (exception is OperationCanceledException || IsAway(exception))
        {
            if (attempt.IsQuick)
            {
                // It says at once that it is away: whoever asks is told so by it.
                _error = null;
            }
            else
            {
                await Task.Delay(Pause, time, CancellationToken.None);
            }
        }
        finally
        {
            Volatile.Write(ref _isTrying, 0);
        }
    }

    /// <summary>One attempt to connect.</summary>
    internal sealed class Attempt(Reach reach, TimeProvider time, long beganAt)
    {
        public bool IsConnected { get; set; }

        public bool IsQuick => Elapsed < Quick;

        private TimeSpan Elapsed => time.GetElapsedTime(beganAt);

        /// <summary>It ended without an answer.</summary>
        public void Failed(Exception exception)
        {
            if (IsConnected || IsQuick)
            {
                return;
            }

            if (exception is not OperationCanceledException)
            {
                reach._error = exception.Message;
            }
            // Else whoever asked may have gone away early. A timer may be a little ahead of the clock.
            else if (Elapsed >= Patience - Quick)
            {
                reach._error = NoAnswer;
            }
        }
    }
}
