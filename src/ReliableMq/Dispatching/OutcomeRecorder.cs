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
/// <param name="keys">The keys of its ordered messages.</param>
/// <param name="destinations">Told how publishes ended.</param>
/// <param name="recovered">Told of destinations that take messages again.</param>
/// <param name="options">The outbox's settings.</param>
/// <param name="metrics">Counts what was recorded.</param>
/// <param name="availableIn">Told when rows given back can be taken again.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class OutcomeRecorder(
    OutboxTable table, KeyIntake keys, Destinations destinations, Action<Destination> recovered, OutboxOptions options, ReliableMqMetrics metrics,
    Action<TimeSpan> availableIn, TimeProvider time, ILogger logger)
{
    private readonly Channel<(OutboxRow Row, PublishOutcome Outcome, Failure? SetAside)> _outcomes =
        Channel.CreateUnbounded<(OutboxRow, PublishOutcome, Failure?)>(new UnboundedChannelOptions { SingleReader = true });

    private int _waiting;

    /// <summary>
    /// Whether the database takes no outcomes now, or not as fast as they come; then nothing more should be published.
    /// </summary>
    public bool IsFull => _isFailing || Volatile.Read(ref _waiting) > 4 * options.BatchSize;

    private volatile bool _isFailing;

    /// <summary>Never blocks: it is called on the connection's read loop.</summary>
    public void Add(OutboxRow row, PublishOutcome outcome) => Add((row, outcome, null));

    /// <summary>A row that was not published because its destination is paused.</summary>
    public void AddSetAside(OutboxRow row, Failure reason) => Add((row, default, reason));

    private void Add((OutboxRow, PublishOutcome, Failure?) outcome)
    {
        Interlocked.Increment(ref _waiting);
        _outcomes.Writer.TryWrite(outcome);
    }

    /// <summary>No more will come: <see cref="RunAsync"/> ends after what is there.</summary>
    public void Complete() => _outcomes.Writer.TryComplete();

    /// <param name="givingUp">Cancelled when the host waits no longer; what is not recorded then is sent again later.</param>
    public async Task RunAsync(CancellationToken givingUp)
    {
        var batch = new OutcomeBatch();
        while (await _outcomes.Reader.WaitToReadAsync(CancellationToken.None))
        {
            batch.Clear();
            while (batch.Count < options.BatchSize && _outcomes.Reader.TryRead(out var outcome))
            {
                Sort(batch, outcome.Row, outcome.Outcome, outcome.SetAside);
            }

            await RecordAsync(batch, givingUp);
            Interlocked.Add(ref _waiting, -batch.Count);
        }
    }

    private void Sort(OutcomeBatch batch, OutboxRow row, PublishOutcome outcome, Failure? setAside)
    {
        var destination = new Destination(row.Exchange, row.RoutingKey);
        if (setAside is { } reason)
        {
            batch.Failed.Add(new FailedRow(row, reason));
            return;
        }

        switch (outcome.Result)
        {
            case PublishResult.Confirmed:
                batch.Sent.Add(row);
                if (destinations.Confirmed(destination))
                {
                    recovered(destination);
                }

                break;
            case PublishResult.Lost or PublishResult.Suspect:
                batch.Lost.Add(row);
                destinations.Unknown(destination);
                break;
            case PublishResult.Expired:
                batch.Expired.Add(row);
                break;
            default:
                batch.Failed.Add(new FailedRow(row, FailureOf(batch, row, destination, outcome)));
                break;
        }
    }

    private Failure FailureOf(OutcomeBatch batch, OutboxRow row, Destination destination, PublishOutcome outcome)
    {
        var attempts = row.Attempts + 1;
        var reason = outcome.Reason ?? "";
        TimeSpan delay;
        var failures = 0;
        if (outcome.Result == PublishResult.Refused)
        {
            destinations.Unknown(destination);
            delay = DispatchRules.DelayAfter(outcome.Result, attempts, Random.Shared.NextDouble());
        }
        else
        {
            (delay, failures) = destinations.Failed(destination, outcome.Result, reason, Random.Shared.NextDouble());
            if (failures > 0)
            {
                LogMessages.DestinationPaused(logger, destination.Exchange, destination.RoutingKey, delay, reason);
            }
        }

        var failure = new Failure(DispatchRules.KindOf(outcome.Result), reason, delay, GivesUp: DispatchRules.GivesUp(outcome.Result, attempts, options));
        if (failures >= DispatchRules.FailuresToAlert)
        {
            batch.Raises.Add(OutboxAlerts.Undeliverable(destination, failure));
        }

        return failure;
    }

    private async Task RecordAsync(OutcomeBatch batch, CancellationToken givingUp)
    {
        if (batch.Sent.Count > 0)
        {
            CrashPoint.Here("after confirm, before finish");
        }

        // Each kind is retried by itself, so that what was recorded is not recorded again.
        await FinishAsync(batch.Sent, "sent", givingUp);
        await FinishAsync(batch.Expired, "expired", givingUp);
        await RecordAllAsync(batch.Failed.Unkeyed, table.FailAsync, givingUp);
        await RecordAllAsync(batch.Failed.Keyed, keys.FailAsync, givingUp);
        await RecordAllAsync(batch.Lost.Unkeyed, (rows, token) => table.ReleaseAsync(rows, DispatchRules.ReleaseDelay, token), givingUp);
        await RecordAllAsync(batch.Lost.Keyed, (rows, token) => keys.ReleaseAsync(rows, DispatchRules.ReleaseDelay, token), givingUp);
        await RecordAllAsync(batch.Raises, table.RaiseAsync, givingUp);
        CallBack(batch);
        Tell(batch);
    }

    /// <summary>What is set aside after its destination has recovered was not yet there to be called back.</summary>
    private void CallBack(OutcomeBatch batch)
    {
        var aside = batch.Failed.All.Where(failed => !failed.Failure.IsAttempt).Select(failed => new Destination(failed.Row.Exchange, failed.Row.RoutingKey));
        foreach (var destination in aside.Distinct().Where(destination => !destinations.IsPaused(destination)))
        {
            recovered(destination);
        }
    }

    private async Task FinishAsync(OutcomeBatch.Rows<OutboxRow> rows, string outcome, CancellationToken givingUp)
    {
        await RecordAllAsync(rows.Unkeyed, (unkeyed, token) => table.FinishAsync(unkeyed, outcome, token), givingUp);
        var exhausted = new List<KeyLease>();
        await RecordAllAsync(rows.Keyed, async (keyed, token) => exhausted.AddRange(await keys.FinishAsync(keyed, outcome, token)), givingUp);
        await RecordAllAsync(exhausted, keys.AdvanceAsync, givingUp);
    }

    private void Tell(OutcomeBatch batch)
    {
        LogFailed(batch.Failed.All.Where(f => f.Failure.IsAttempt));
        foreach (var alike in batch.Expired.All.GroupBy(row => row.Name))
        {
            LogMessages.MessagesExpired(logger, alike.Count(), alike.Key, alike.First().MessageId);
        }

        if (batch.Lost.Count > 0)
        {
            availableIn(DispatchRules.ReleaseDelay);
        }

        if (batch.Failed.Count > 0)
        {
            availableIn(batch.Failed.All.Min(f => f.Failure.Delay));
        }

        metrics.Sent(batch.Sent.All);
        metrics.Expired(batch.Expired.All);
        metrics.SendFailed(batch.Failed.All.Where(f => f.Failure.IsAttempt));
    }

    /// <summary>One line for each destination and reason: ten thousand messages without a binding are one problem.</summary>
    private void LogFailed(IEnumerable<FailedRow> failed)
    {
        foreach (var alike in failed.GroupBy(f => (f.Row.Exchange, f.Row.RoutingKey, f.Failure.Kind, f.Failure.Error, f.Failure.GivesUp)))
        {
            var first = alike.First();
            if (alike.Key.GivesUp)
            {
                LogMessages.MessagesFailed(logger, alike.Count(), first.Row.Name, first.Row.MessageId, first.Row.Attempts + 1, first.Failure.Error);
            }
            else
            {
                LogMessages.PublishFailed(logger, alike.Count(), first.Row.Name, first.Row.MessageId, first.Failure.Error, alike.Min(f => f.Failure.Delay));
            }
        }
    }

    private async Task<bool> MayWriteAsync(CancellationToken givingUp)
    {
        try
        {
            await table.WriteNothingAsync(givingUp);
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    private static readonly TimeSpan AllRefused = TimeSpan.FromSeconds(5);

    private async Task RecordAllAsync<T>(List<T> items, Func<IReadOnlyList<T>, CancellationToken, Task> record, CancellationToken givingUp)
    {
        if (await RecordAsync(items, record, givingUp) == items.Count && items.Count > 1)
        {
            // Not these rows are the matter. What is sent meanwhile would be sent again, and again; but only what is sent
            // can tell whether that has ended.
            _isFailing = true;
            await Task.Delay(AllRefused, time, givingUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _isFailing = false;
        }
    }

    private async Task<int> RecordHalvesAsync<T>(List<T> items, Func<IReadOnlyList<T>, CancellationToken, Task> record, CancellationToken givingUp) =>
        await RecordAsync(items[..(items.Count / 2)], record, givingUp) + await RecordAsync(items[(items.Count / 2)..], record, givingUp);

    /// <summary>
    /// Keeps trying while the database is away. It is never too late: the fencing token refuses what somebody
    /// else has taken over meanwhile. What the database refuses is recorded in halves, so that one row that
    /// cannot be recorded hurts only itself: it is sent again when its lease has run out.
    /// </summary>
    /// <returns>How many the database has refused.</returns>
    private async Task<int> RecordAsync<T>(List<T> items, Func<IReadOnlyList<T>, CancellationToken, Task> record, CancellationToken givingUp)
    {
        for (var failures = 1; items.Count > 0 && !givingUp.IsCancellationRequested; failures++)
        {
            try
            {
                await record(items, givingUp);
                _isFailing = false;
                return 0;
            }
            catch (PostgresException exception) when (DispatchRules.IsRefusal(exception.SqlState))
            {
                _isFailing = false;
                if (items.Count == 1)
                {
                    LogMessages.RecordRefused(logger, exception);
                    return 1;
                }

                return await RecordHalvesAsync(items, record, givingUp);
            }
            catch (NpgsqlException exception) when (exception.InnerException is TimeoutException && items.Count > 1 && !FailureRules.IsPoolExhausted(exception))
            {
                // Bodies go along into the history, and these together may be too large for the time of a statement.
                _isFailing = true;
                LogMessages.RecordFailed(logger, items.Count, TimeSpan.Zero, exception);
                return await RecordHalvesAsync(items, record, givingUp);
            }
            catch (Exception exception)
            {
                _isFailing = true;
                if (failures > 1 && items.Count == 1 && exception is NpgsqlException { InnerException: TimeoutException } && !FailureRules.IsPoolExhausted(exception) && await MayWriteAsync(givingUp))
                {
                    // Somebody has locked this very row, and may do so for hours. When that ends, it is sent again.
                    _isFailing = false;
                    LogMessages.RecordLocked(logger, exception);
                    return 1;
                }

                var delay = Backoff.Delay(failures, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5), Random.Shared.NextDouble());
                LogMessages.RecordFailed(logger, items.Count, delay, exception);
                await Task.Delay(delay, time, givingUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        return 0;
    }
}
