using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.Broker;
using ReliableMq.Diagnostics;
using ReliableMq.Failing;
using ReliableMq.Outbox;

namespace ReliableMq.Dispatching;

/// <summary>
/// The one place that finishes an outbox row. Outcomes arrive from the broker's read loop one by one and are
/// recorded in batches, one statement a kind.
/// </summary>
/// <param name="table">The outbox.</param>
/// <param name="options">Its settings.</param>
/// <param name="metrics">Counts what was recorded.</param>
/// <param name="availableIn">Told when rows given back can be taken again.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class OutcomeRecorder(OutboxTable table, OutboxOptions options, ReliableMqMetrics metrics, Action<TimeSpan> availableIn, TimeProvider time, ILogger logger)
{
    private readonly Channel<(OutboxRow Row, PublishOutcome Outcome)> _outcomes =
        Channel.CreateUnbounded<(OutboxRow, PublishOutcome)>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Whether the database takes no outcomes now; then nothing more should be published.</summary>
    public bool IsFailing { get; private set; }

    /// <summary>Never blocks: it is called on the connection's read loop.</summary>
    public void Add(OutboxRow row, PublishOutcome outcome) => _outcomes.Writer.TryWrite((row, outcome));

    /// <summary>No more will come: <see cref="RunAsync"/> ends after what is there.</summary>
    public void Complete() => _outcomes.Writer.TryComplete();

    /// <param name="givingUp">Cancelled when the host waits no longer; what is not recorded then is sent again later.</param>
    public async Task RunAsync(CancellationToken givingUp)
    {
        var batch = new List<(OutboxRow Row, PublishOutcome Outcome)>(options.BatchSize);
        while (await _outcomes.Reader.WaitToReadAsync(CancellationToken.None))
        {
            batch.Clear();
            while (batch.Count < options.BatchSize && _outcomes.Reader.TryRead(out var outcome))
            {
                batch.Add(outcome);
            }

            await RecordAsync(batch, givingUp);
        }
    }

    private async Task RecordAsync(List<(OutboxRow Row, PublishOutcome Outcome)> batch, CancellationToken givingUp)
    {
        var sent = new List<OutboxRow>(batch.Count);
        var lost = new List<OutboxRow>();
        var failed = new List<FailedRow>();
        foreach (var (row, outcome) in batch)
        {
            switch (outcome.Result)
            {
                case PublishResult.Confirmed:
                    sent.Add(row);
                    break;
                case PublishResult.Lost or PublishResult.Suspect:
                    lost.Add(row);
                    break;
                default:
                    var delay = DispatchRules.DelayAfter(outcome.Result, row.Attempts + 1, Random.Shared.NextDouble());
                    failed.Add(new FailedRow(row, DispatchRules.KindOf(outcome.Result), outcome.Reason ?? "", delay));
                    break;
            }
        }

        // Each kind is retried by itself, so that what was recorded is not recorded again.
        await RecordAsync(sent, table.FinishAsync, givingUp);
        await RecordAsync(failed, table.FailAsync, givingUp);
        await RecordAsync(lost, (rows, token) => table.ReleaseAsync(rows, DispatchRules.ReleaseDelay, token), givingUp);
        LogFailed(failed);
        if (lost.Count > 0)
        {
            availableIn(DispatchRules.ReleaseDelay);
        }

        if (failed.Count > 0)
        {
            availableIn(failed.Min(f => f.Delay));
        }

        metrics.Sent(sent);
        metrics.SendFailed(failed);
    }

    /// <summary>One line for each destination and reason: ten thousand messages without a binding are one problem.</summary>
    private void LogFailed(List<FailedRow> failed)
    {
        foreach (var alike in failed.GroupBy(f => (f.Row.Exchange, f.Row.RoutingKey, f.Kind, f.Error)))
        {
            var first = alike.First();
            LogMessages.PublishFailed(logger, alike.Count(), first.Row.Name, first.Row.MessageId, first.Error, alike.Min(f => f.Delay));
        }
    }

    /// <summary>
    /// Keeps trying while the database is away. It is never too late: the fencing token refuses what somebody
    /// else has taken over meanwhile. What the database refuses is recorded in halves, so that one row that
    /// cannot be recorded hurts only itself: it is sent again when its lease has run out.
    /// </summary>
    private async Task RecordAsync<T>(List<T> items, Func<IReadOnlyList<T>, CancellationToken, Task> record, CancellationToken givingUp)
    {
        for (var failures = 1; items.Count > 0 && !givingUp.IsCancellationRequested; failures++)
        {
            try
            {
                await record(items, givingUp);
                IsFailing = false;
                return;
            }
            catch (PostgresException exception) when (!exception.IsTransient && !FailureRules.LooksLikeDatabaseDown(exception))
            {
                if (items.Count == 1)
                {
                    LogMessages.RecordRefused(logger, exception);
                    return;
                }

                await RecordAsync(items[..(items.Count / 2)], record, givingUp);
                await RecordAsync(items[(items.Count / 2)..], record, givingUp);
                return;
            }
            catch (Exception exception)
            {
                IsFailing = true;
                var delay = Backoff.Delay(failures, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5), Random.Shared.NextDouble());
                LogMessages.RecordFailed(logger, items.Count, delay, exception);
                await Task.Delay(delay, time, givingUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
