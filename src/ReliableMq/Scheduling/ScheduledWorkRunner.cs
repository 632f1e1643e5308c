using Microsoft.Extensions.Logging;
using ReliableMq.Diagnostics;
using ReliableMq.Timing;

namespace ReliableMq.Scheduling;

/// <summary>Runs a piece of work once and keeps what came of it.</summary>
internal sealed class ScheduledWorkRunner(ScheduledWorkTable table, TimeProvider time, QuietLogger<ScheduledWorkRunner> logger)
{
    /// <param name="work">What to run.</param>
    /// <param name="cancellationToken">The host stops.</param>
    public async Task RunAsync(IScheduledWork work, CancellationToken cancellationToken)
    {
        await RecordAsync(work, async token =>
        {
            await table.StartedAsync(work, token);
            return 0;
        }, cancellationToken);
        var startedAt = time.GetTimestamp();
        var (outcome, error) = await TryAsync(work, cancellationToken);
        // What has run is recorded even if the host stops now.
        var failures = await RecordAsync(
            work, token => table.FinishedAsync(work, time.GetElapsedTime(startedAt), outcome, error?.ToString(), token), CancellationToken.None);
        if (error is not null)
        {
            // The next run comes in any case.
            LogMessages.ScheduledWorkFailed(logger, work.Name, Math.Max(failures, 1), error);
        }
    }

    private static async Task<(string Outcome, Exception? Error)> TryAsync(IScheduledWork work, CancellationToken cancellationToken)
    {
        try
        {
            await work.RunOnceAsync(cancellationToken);
            return ("done", null);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            return ("stopped", null);
        }
        catch (Exception exception)
        {
            return ("failed", exception);
        }
    }

    /// <summary>Work is done whether or not it can be recorded.</summary>
    private async Task<int> RecordAsync(IScheduledWork work, Func<CancellationToken, Task<int>> record, CancellationToken cancellationToken)
    {
        using var timeout = new TimeLimit(TimeSpan.FromSeconds(5), time, cancellationToken);
        try
        {
            return table.IsReady ? await record(timeout.Token) : 0;
        }
        catch (Exception exception)
        {
            LogMessages.ScheduledWorkNotRecorded(logger, work.Name, exception);
            return 0;
        }
    }
}
