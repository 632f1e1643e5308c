using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Diagnostics;

namespace ReliableMq.Receiving;

/// <summary>
/// The delays that the broker carries out on one channel. Whether it does is seen, not believed: an existing queue may
/// lack the arguments, and a policy may switch them off. Then what is returned would come back at once, and again.
/// </summary>
internal sealed class BrokerDelays(string queue, DelayedRetry delays, TimeProvider time, ILogger logger)
{
    /// <summary>What went on in another process is never asked for again.</summary>
    private const int MostRemembered = 10_000;

    private readonly ConcurrentDictionary<string, (long At, TimeSpan Delay)> _returned = new(StringComparer.Ordinal);
    private volatile bool _failed;

    /// <returns>Null where nothing is to be delayed by the broker, or it cannot.</returns>
    public static BrokerDelays? Of(IConnection connection, string queue, QueueSettings settings, TimeProvider time, ILogger logger)
    {
        if (settings.DelayedRetry is not { } delays)
        {
            return null;
        }

        var version = BrokerVersion.Of(connection);
        if (version.DelaysReturns)
        {
            return new BrokerDelays(queue, delays, time, logger);
        }

        LogMessages.DelayedRetryNotInForce(logger, queue, version.ToString());
        return null;
    }

    /// <summary>Whether the delivery may be returned now, so that the broker keeps it back for no longer than it has to wait.</summary>
    public bool TryUse(Delivery delivery, TimeSpan wait)
    {
        if (delivery.MessageId is not { } messageId)
        {
            return false;
        }

        // Another copy of the message may have been received before, or have come for the first time.
        if (_returned.TryRemove(messageId, out var returned) && delivery.Redelivered && !_failed
            && time.GetElapsedTime(returned.At, delivery.ReceivedTimestamp) is var away && away > TimeSpan.Zero && away < returned.Delay / 2)
        {
            _failed = true;
            LogMessages.DelayedRetryFails(logger, queue);
        }

        var delay = delays.After(delivery.Returns);
        if (_failed || delay > wait)
        {
            return false;
        }

        if (_returned.Count >= MostRemembered)
        {
            _returned.Clear();
        }

        _returned[messageId] = (time.GetTimestamp(), delay);
        return true;
    }

    /// <summary>It was not returned after all, so when it comes back says nothing about the broker.</summary>
    public void Forget(Delivery delivery) => _returned.TryRemove(delivery.MessageId!, out _);
}
