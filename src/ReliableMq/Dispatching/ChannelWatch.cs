using Microsoft.Extensions.Logging;
using ReliableMq.Broker;
using ReliableMq.Diagnostics;
using ReliableMq.Timing;

namespace ReliableMq.Dispatching;

/// <summary>Notices when a publishing channel has closed, and when it has stopped answering.</summary>
internal sealed class ChannelWatch(BrokerConnection connection, ReliableMqOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>Cancels <paramref name="ended"/> when the channel is of no more use; returns when either has ended.</summary>
    public async Task RunAsync(PublishChannel<HeldRow> channel, CancellationTokenSource ended)
    {
        var confirmTimeout = options.Broker.ConfirmTimeout;
        var answersSince = time.GetTimestamp();
        using var timer = new PeriodicTimer(confirmTimeout / 10, time);
        try
        {
            while (!channel.Closed.IsCompleted)
            {
                await Task.WhenAny(timer.WaitForNextTickAsync(ended.Token).AsTask(), channel.Closed);
                ended.Token.ThrowIfCancellationRequested();
                // A blocked connection is not a failed publish: the broker answers when its alarm is over, and then has as long
                // as ever.
                if (connection.Blocked is not null)
                {
                    answersSince = time.GetTimestamp();
                }

                if (channel.OldestAge >= confirmTimeout && time.GetElapsedTime(answersSince) >= confirmTimeout)
                {
                    LogMessages.ConfirmsMissing(logger, channel.Outstanding, confirmTimeout);
                    channel.Abandon(confirmTimeout);
                }
                else if (channel.OldestAge >= options.Outbox.Lease / 2)
                {
                    channel.Abandon(TimeSpan.MaxValue);
                }
            }

            await ended.CancelQuietlyAsync();
        }
        catch (OperationCanceledException)
        {
            // The dispatcher is done with this channel.
        }
    }

    /// <summary>Waits for the confirms that are still outstanding.</summary>
    public async Task DrainAsync(PublishChannel<HeldRow> channel, CancellationToken givingUp)
    {
        while (channel.Outstanding > 0 && !channel.Closed.IsCompleted && !givingUp.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, givingUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
