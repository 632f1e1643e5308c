using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Diagnostics;
using ReliableMq.Dispatching;
using ReliableMq.Receiving;
using ReliableMq.Storage;
using ReliableMq.Timing;

namespace ReliableMq.Failing;

/// <summary>
/// Carries out the verdict of a failed attempt where no database keeps it: a copy with the next attempt's number goes
/// to the end of the queue, or one with the reason to the dead-letter queue. The delivery is acked when the broker has
/// confirmed the copy. What dies in between leaves both, never neither.
/// </summary>
internal sealed class FailureRepublisher(
    ConfirmedPublisher publisher, string deadLetterQueue, ReliableMqOptions options, ReliableMqMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>Before a delivery comes back whose outcome could not be sent.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private const int MaxReasonLength = 2_000;

    public async Task<Settlement> RepublishAsync(Delivery delivery, Exception exception, RetryPolicy policy, ExceptionRules rules, HoldBudget holds, CancellationToken givingUp)
    {
        var attempt = delivery.Attempt;
        var now = time.GetUtcNow();
        var firstFailedAt = delivery.FirstFailedAt ?? now;
        var age = now > firstFailedAt ? now - firstFailedAt : TimeSpan.Zero;
        switch (FailureRules.Decide(new FailedAttempt(attempt, exception, age, Random.Shared.NextDouble()), policy, rules))
        {
            case Verdict.Retry { Delay: var delay }:
                var headers = HeadersOf(delivery);
                headers[MessageHeaders.Attempt] = FailureRules.Counts(exception) ? attempt + 1 : attempt;
                headers[MessageHeaders.NotBefore] = (now + delay).ToUnixTimeMilliseconds();
                headers[MessageHeaders.FirstFailedAt] = firstFailedAt.ToUnixTimeMilliseconds();
                if (await SendAsync(delivery, delivery.Queue, headers, exception, holds, givingUp) is { } unsent)
                {
                    return unsent;
                }

                CrashPoint.Here("after republish confirmed, before ack");
                RetryNotice.Tell(logger, attempt, delivery, exception, delay);
                return Settlement.Ack;

            case Verdict.DeadLetter { Reason: var reason }:
                if (await BuryAsync(delivery, reason, exception, holds, givingUp) is { } unburied)
                {
                    return unburied;
                }

                metrics.DeadLettered(delivery.Queue);
                LogMessages.DeadLettered(logger, delivery, attempt, exception);
                return Settlement.Ack;

            // Nothing but the dead-letter queue can keep it to be seen.
            case Verdict.Discard { Reason: var reason }:
                if (await BuryAsync(delivery, reason, exception, holds, givingUp) is { } kept)
                {
                    return kept;
                }

                LogMessages.Discarded(logger, delivery, reason);
                return Settlement.Ack;

            default:
                throw new InvalidOperationException("Unknown verdict.");
        }
    }

    /// <returns>Null when the dead-letter queue has it; else what becomes of the delivery.</returns>
    private async Task<Settlement?> BuryAsync(Delivery delivery, string reason, Exception exception, HoldBudget holds, CancellationToken givingUp)
    {
        var headers = HeadersOf(delivery);
        headers[MessageHeaders.DeadReason] = SafeText.Clean(reason.Length > MaxReasonLength ? string.Concat(reason.AsSpan(0, MaxReasonLength), "…") : reason);
        headers[MessageHeaders.DeadError] = exception.GetType().FullName;
        headers[MessageHeaders.DeadAttempts] = delivery.Attempt;
        return await SendAsync(delivery, deadLetterQueue, headers, exception, holds, givingUp);
    }

    /// <summary>A copy starts anew: one that is moved back from the dead-letter queue has all its attempts.</summary>
    private static Dictionary<string, object?> HeadersOf(Delivery delivery)
    {
        var headers = CopyableHeaders.Of(delivery);
        foreach (var own in new[] { MessageHeaders.Attempt, MessageHeaders.NotBefore, MessageHeaders.FirstFailedAt, MessageHeaders.DeadReason, MessageHeaders.DeadError, MessageHeaders.DeadAttempts })
        {
            headers.Remove(own);
        }

        return headers;
    }

    /// <returns>Null when the broker has the copy; else what becomes of the delivery.</returns>
    private async Task<Settlement?> SendAsync(
        Delivery delivery, string queue, Dictionary<string, object?> headers, Exception exception, HoldBudget holds, CancellationToken givingUp)
    {
        using var timeout = new TimeLimit(options.Broker.ConfirmTimeout, time, givingUp);
        string? reason;
        try
        {
            var size = HeaderSize.Of(headers);
            var outcome = size <= HeaderSize.Max
                ? await publisher.PublishAsync(new Publish("", queue, PropertiesOf(delivery, headers), delivery.Body), timeout.Token)
                : new(PublishResult.Refused, $"Its headers take {size} bytes, too many for a copy with further ones.");
            if (outcome.Result == PublishResult.Confirmed)
            {
                return null;
            }

            reason = outcome.Reason;
        }
        catch (Exception) when (givingUp.IsCancellationRequested)
        {
            return Settlement.Requeue;
        }
        catch (Exception unsent)
        {
            reason = timeout.IsReached ? "The broker cannot be reached, or takes no messages." : unsent.Message;
        }

        LogMessages.NotRepublished(logger, delivery.Attempt, delivery, queue, reason, Pause, exception);
        return holds.Hold(Pause);
    }

    private static BasicProperties PropertiesOf(Delivery delivery, Dictionary<string, object?> headers)
    {
        // Not the user id: the broker takes it from its own user only.
        var properties = new BasicProperties
        {
            MessageId = delivery.MessageId,
            Type = delivery.Name,
            DeliveryMode = DeliveryModes.Persistent,
            Headers = headers,
            ContentType = delivery.ContentType,
            CorrelationId = delivery.CorrelationId,
            ReplyTo = delivery.ReplyTo,
            AppId = delivery.AppId,
        };
        if (delivery.Priority is { } priority)
        {
            properties.Priority = priority;
        }

        if (delivery.Timestamp is { } timestamp)
        {
            properties.Timestamp = new AmqpTimestamp(timestamp.ToUnixTimeSeconds());
        }

        return properties;
    }
}
