using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Diagnostics;
using ReliableMq.Timing;

namespace ReliableMq.Receiving;

/// <summary>
/// Consumes one queue for as long as the process runs: connection after connection, channel after channel.
/// </summary>
internal sealed class QueueConsumer(
    string queue, QueueSettings settings, IDeliveryProcessor processor, Func<IConnection, CancellationToken, Task> declare,
    BrokerConnection broker, TimeProvider time, QuietLogger<QueueConsumer> logger)
{
    private static readonly TimeSpan WhileDeleted = TimeSpan.FromMilliseconds(500);

    // Shared by all channels that follow one another, so that a handler still running on a lost one counts.
    private readonly SlotGate _slots = new(settings.Slots);
    private readonly Running _endingSessions = new();
    private readonly Lock _gate = new();
    private readonly List<SettingChange> _ownChanges = [];
    private volatile Phase _phase = new(SettingsInForce.Of(settings));

    /// <summary>A time in which nothing changes that a session has to be opened anew for.</summary>
    private sealed record Phase(SettingsInForce InForce)
    {
        public CancellationTokenSource Over { get; init; } = new();
    }

    public string Queue => queue;

    public QueueSettings Settings => settings;

    public SettingsInForce InForce => _phase.InForce;

    public int Handling => _slots.Taken;

    /// <summary>While it waits for the broker, the reason may change at any time.</summary>
    [System.Diagnostics.CodeAnalysis.AllowNull]
    public ConsumerState State
    {
        get => field ?? new(false, $"waiting for the broker: {broker.LastError ?? "connecting"}");
        private set => field = value;
    } = new(false, "not started");

    public ConsumerInfo Info
    {
        get
        {
            var (state, inForce) = (State, InForce);
            return new ConsumerInfo
            {
                Queue = queue,
                IsConsuming = state.IsConsuming,
                Description = state.Description,
                PausedSince = inForce.PausedSince,
                Concurrency = inForce.Concurrency,
                ConfiguredConcurrency = settings.Concurrency,
                Prefetch = inForce.Prefetch,
                ConfiguredPrefetch = settings.Prefetch,
                Handling = Handling,
                Host = Environment.MachineName,
                ProcessId = Environment.ProcessId,
            };
        }
    }

    /// <summary>Goes by other settings from now on.</summary>
    public void Apply(SettingsInForce inForce)
    {
        CancellationTokenSource? over = null;
        lock (_gate)
        {
            var before = _phase;
            if (inForce == before.InForce)
            {
                return;
            }

            _slots.Resize(inForce.Concurrency * settings.BatchSize);
            processor.ChangeConcurrency(inForce.Concurrency);
            if (inForce.PausedSince is null == before.InForce.PausedSince is null && inForce.Prefetch == before.InForce.Prefetch)
            {
                _phase = before with { InForce = inForce };
            }
            else
            {
                _phase = new Phase(inForce);
                over = before.Over;
            }
        }

        LogMessages.ConsumerChanged(logger, queue, inForce.Concurrency, inForce.Prefetch, inForce.PausedSince is null ? "" : ", paused");
        // Whatever ends by it must not end inside this call.
        _ = over?.CancelQuietlyAsync();
    }

    /// <summary>Ends what it has with the broker and begins again.</summary>
    /// <returns>Whether it was consuming.</returns>
    public bool BeginAgain(string reason)
    {
        CancellationTokenSource over;
        lock (_gate)
        {
            if (!State.IsConsuming)
            {
                return false;
            }

            State = new(false, $"begins again: {reason}");
            over = _phase.Over;
            _phase = new Phase(_phase.InForce);
        }

        LogMessages.ConsumerBeginsAgain(logger, queue, reason);
        _ = over.CancelQuietlyAsync();
        return true;
    }

    /// <summary>Changes this consumer alone, where no database could tell the others.</summary>
    public void Change(IReadOnlyDictionary<ChangedSetting, int?> values, DateTimeOffset now)
    {
        SettingChange[] changes;
        lock (_gate)
        {
            _ownChanges.RemoveAll(change => values.ContainsKey(change.Setting));
            _ownChanges.AddRange(values.Select(value => new SettingChange(queue, value.Key, value.Value, Lasting: false, now)));
            changes = [.. _ownChanges];
        }

        Apply(SettingsInForce.Of(settings, changes, startedAt: default));
    }

    public async Task RunAsync(CancellationToken stopping, CancellationToken givingUp)
    {
        var failures = 0;
        while (!stopping.IsCancellationRequested)
        {
            var startedAt = time.GetTimestamp();
            var phase = _phase;
            try
            {
                if (phase.InForce.PausedSince is { } pausedSince)
                {
                    await PauseAsync(phase, pausedSince, stopping);
                    failures = 0;
                    continue;
                }

                if (await ConsumeAsync(phase, stopping, givingUp))
                {
                    failures = 0;
                    continue;
                }

                await processor.WaitUntilAbleAsync(stopping);
                failures = time.GetElapsedTime(startedAt) > Backoff.Stable ? 0 : failures + 1;
                if (failures > 1)
                {
                    await Task.Delay(DelayAfter(failures), time, stopping);
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                failures = time.GetElapsedTime(startedAt) > Backoff.Stable ? 1 : failures + 1;
                var delay = DelayAfter(failures);
                State = new(false, $"failing: {exception.Message}");
                LogMessages.ConsumeFailed(logger, queue, delay, exception);
                await Task.Delay(delay, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await _endingSessions.IdleAsync();
        State = new(false, "stopped");
    }

    private async Task PauseAsync(Phase phase, DateTimeOffset since, CancellationToken stopping)
    {
        State = new(false, $"paused by an operator since {since:u}", IsPaused: true);
        LogMessages.ConsumerPausedByOperator(logger, queue, since);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(phase.Over.Token, stopping);
        await Task.Delay(Timeout.InfiniteTimeSpan, time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Consumes on one channel until that ends, or the phase does.</summary>
    /// <returns>Whether the phase is over, so that the next begins at once.</returns>
    private async Task<bool> ConsumeAsync(Phase phase, CancellationToken stopping, CancellationToken givingUp)
    {
        State = null;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(phase.Over.Token, stopping);
        try
        {
            var connection = await broker.GetAsync(over.Token);
            await declare(connection, over.Token);
            var session = await ConsumerSession.OpenAsync(
                connection, queue, settings with { Prefetch = phase.InForce.Prefetch }, processor, _slots, time, logger, over.Token);
            State = new(true, "consuming");
            LogMessages.Consuming(logger, queue, phase.InForce.Concurrency, phase.InForce.Prefetch);
            try
            {
                await session.ConsumeAsync(over.Token, givingUp);
            }
            finally
            {
                // What runs may take long. Meanwhile the next session brings messages for handlers that are free.
                _endingSessions.Add();
                _ = EndAsync(session, givingUp);
            }

            Tell(session, over.IsCancellationRequested);
            if (session.IsCancelled)
            {
                // The broker tells it while it still deletes the queue, and may mistake for that one what is declared now.
                await Task.Delay(WhileDeleted, time, over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return phase.Over.IsCancellationRequested;
        }
        catch (OperationCanceledException) when (phase.Over.IsCancellationRequested)
        {
            return true;
        }
    }

    private void Tell(ConsumerSession session, bool asked)
    {
        if (session.Paused)
        {
            State = new(false, "paused: the database cannot be reached");
            LogMessages.ConsumerPaused(logger, queue);
        }
        else if (!asked)
        {
            State = new(false, $"interrupted: {session.EndReason}");
            LogMessages.ConsumerInterrupted(logger, queue, session.EndReason);
        }
    }

    private async Task EndAsync(ConsumerSession session, CancellationToken givingUp)
    {
        try
        {
            await session.EndAsync(givingUp);
        }
        finally
        {
            _endingSessions.Remove();
        }
    }

    private static TimeSpan DelayAfter(int failures) =>
        Backoff.Delay(failures, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10), Random.Shared.NextDouble());
}
