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
    private static readonly TimeSpan WhileBlocked = TimeSpan.FromMilliseconds(200);

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
                    : new PublishOutcome(PublishResult.Lost, "The lease ran out in quarantine.");
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
            await using var channel = await PublishChannel<HeldRow>.OpenAsync(connection, current, 1, (_, outcome) => answer.TrySetResult(outcome), time, stopping);
            var (prepared, refusal) = await publisher.PrepareAsync(current, suspect, stopping);
            if (prepared is null)
            {
                return refusal;
            }

            while (connection.Blocked is not null && suspect.IsUsable(time))
            {
                await Task.Delay(WhileBlocked, time, stopping);
            }

            await channel.ReserveAsync(stopping);
            if (!suspect.IsUsable(time))
            {
                // It may have waited here for a connection.
                return new PublishOutcome(PublishResult.Lost, "The lease ran out in quarantine.");
            }

            await publisher.PublishAsync(channel, prepared);
            var outcome = await answer.Task.WaitAsync(confirmTimeout, time, stopping);
            return outcome.Result == PublishResult.Suspect && (current.IsOpen || ProtocolErrors.Contains(current.CloseReason))
                ? ProtocolErrors.Refusal(channel.CloseReason, "The broker closed the channel over this message")
                : outcome;
        }
        catch (TimeoutException) when (connection.Blocked is { } reason)
        {
            return new PublishOutcome(PublishResult.Lost, $"The broker has blocked publishers: {reason}");
        }
        catch (TimeoutException)
        {
            return new PublishOutcome(PublishResult.TimedOut, $"No confirm from the broker within {confirmTimeout.TotalSeconds:0.###} seconds.");
        }
        catch (Exception exception) when (!stopping.IsCancellationRequested)
        {
            // A call of the client that got no answer ends as cancelled, though nobody cancelled it.
            return new PublishOutcome(PublishResult.Lost, exception.Message);
        }
    }
}
