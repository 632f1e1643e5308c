using ReliableMq.Faults.Running;
using ReliableMq.TestSupport;

namespace ReliableMq.Faults.Soaking;

/// <summary>
/// Makes rows older than they are, so that the library's own housekeeping removes them: what it keeps for an hour at least
/// would never be steady within a soak. By more than a year, so that the inbox's horizon stays far in the past. What dead
/// letters say is remembered for the witness before they go.
/// </summary>
internal sealed class Ageing(TestDatabase sending, TestDatabase handling, bool keepHandled)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private const string DeadLetters =
        """
        WITH aged AS (
            UPDATE reliable_mq.dead_letter SET replayed_at = replayed_at - interval '400 days', discarded_at = discarded_at - interval '400 days'
            WHERE coalesce(replayed_at, discarded_at) BETWEEN clock_timestamp() - interval '1 day' AND clock_timestamp() - interval '1 minute'
            RETURNING queue, body, reason, false AS is_waiting, replayed_at IS NULL AS is_discarded, attempts)
        INSERT INTO remembered SELECT * FROM aged
        """;

    private static readonly (string Table, string Time)[] Others =
        [("inbox", "handled_at"), ("replay", "finished_at"), ("audit", "at"), ("alert", "resolved_at"), ("node_minute", "minute"), ("started", "alive_until")];

    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            foreach (var database in new[] { sending, handling })
            {
                await Patiently.DoAsync(() => database.ExecuteAsync(DeadLetters));
                foreach (var (table, time) in Others.Where(other => !keepHandled || other.Table != "inbox"))
                {
                    await Patiently.DoAsync(() => database.ExecuteAsync(
                        $"""
                        UPDATE reliable_mq.{table} SET {time} = {time} - interval '400 days'
                        WHERE {time} BETWEEN clock_timestamp() - interval '1 day' AND clock_timestamp() - interval '1 minute'
                        """));
                }
            }

            await Task.Delay(Interval, TimeProvider.System, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
