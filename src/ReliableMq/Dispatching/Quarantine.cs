using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using ReliableMq.Broker;
using ReliableMq.Diagnostics;
using ReliableMq.Outbox;

namespace ReliableMq.Dispatching;

/// <summary>
/// Rows that were unconfirmed when their channel was closed by the broker: one of them closed it. Each is
/// published alone on a channel of its own, so that the guilty one is found and the others leave.
/// </summary>
internal sealed class Quarantine(
    BrokerConnection connection, RowPublisher publisher, OutcomeRecorder recorder, TimeSpan confirmTimeout, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);
    private static readonly PublishOutcome LeaseIsOver = new(PublishResult.Lost, "The lease ran out in quarantine.");

    private readonly Channel<HeldRow> _suspects = Channel.CreateUnbounded<HeldRow>(new UnboundedChannelOptions { SingleReader = true });

    public void Add(HeldRow suspect) => _suspects.Writer.TryWrite(suspect);

    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            await foreach (var suspect in _suspects.Reader.ReadAllAsync(stopping))
            {
                var outcome = suspect.IsUsable(time)
                    ? await PublishAloneAsync(suspect, stopping)
                    : LeaseIsOver;
                if (outcome.Result == PublishResult.Refused)
                {
                    LogMessages.ChannelKillerFound(logger, suspect.Row.Name, suspect.Row.MessageId, outcome.Reason);
                }

                recorder.Add(suspect.Row, outcome);
            }
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            // What is left is released with everything else that this process holds.
        }
    }

    private async Task<PublishOutcome> PublishAloneAsync(HeldRow suspect, CancellationToken stopping)
    {
        var answer = new TaskCompletionSource<PublishOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            var current = await connection.GetAsync(stopping);
            while (connection.Blocked is not null && suspect.IsUsable(time))
            {
                await Task.Delay(Tick, time, stopping);
            }

            await using var channel = await PublishChannel<HeldRow>.OpenAsync(connection, current, 1, (_, outcome) => answer.TrySetResult(outcome), time, stopping);
            var (prepared, refusal) = await publisher.PrepareAsync(current, suspect, stopping);
            if (prepared is null)
            {
                return refusal;
            }

            await channel.ReserveAsync(stopping);
            if (!suspect.IsUsable(time))
            {
                // It may have waited here for a connection.
                return LeaseIsOver;
            }

            await publisher.PublishAsync(channel, prepared);
            if (!await IsAnsweredAsync(answer.Task, suspect, stopping))
            {
                return suspect.IsUsable(time)
                    ? new PublishOutcome(PublishResult.TimedOut, $"No confirm from the broker within {confirmTimeout.TotalSeconds:0.###} seconds.")
                    : LeaseIsOver;
            }

            var outcome = await answer.Task;
            return outcome.Result == PublishResult.Suspect && (current.IsOpen || ProtocolErrors.Contains(current.CloseReason))
                ? ProtocolErrors.Refusal(channel.CloseReason, "The broker closed the channel over this message")
                : outcome;
        }
        catch (Exception exception) when (!stopping.IsCancellationRequested)
        {
            // A call of the client that got no answer ends as cancelled, though nobody cancelled it.
            return new PublishOutcome(PublishResult.Lost, exception.Message);
        }
    }

    /// <summary>The time of an alarm says nothing of the message, as in <see cref="ChannelWatch"/>.</summary>
    private async Task<bool> IsAnsweredAsync(Task answer, HeldRow suspect, CancellationToken stopping)
    {
        for (var since = time.GetTimestamp(); !answer.IsCompleted && time.GetElapsedTime(since) < confirmTimeout && suspect.IsUsable(time);)
        {
            await answer.WaitAsync(Tick, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stopping.ThrowIfCancellationRequested();
            if (connection.Blocked is not null)
            {
                since = time.GetTimestamp();
            }
        }

        return answer.IsCompleted;
    }
}
