using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReliableMq.Diagnostics;
using ReliableMq.Failing;
using ReliableMq.Inbox;
using ReliableMq.Receiving;
using ReliableMq.Storage;

namespace ReliableMq.Handling;

/// <summary>Handles the deliveries of one queue: every end of an attempt becomes one settlement.</summary>
internal sealed class HandlingProcessor(
    QueueHandlers handlers, ServiceDatabase database, IServiceScopeFactory scopes, MessageSerializer serializer,
    ReliableMqMetrics metrics, TimeProvider time, ILogger<HandlingProcessor> logger) : IDeliveryProcessor
{
    private readonly InboxTransaction _inbox = new(database, scopes);
    private readonly FailureRecorder _failures = new(database, metrics, logger);
    private readonly DatabaseProbe _probe = new(database, time);

    public async Task<Settlement> ProcessAsync(Delivery delivery, HoldBudget holds, CancellationToken givingUp)
    {
        var startedAt = time.GetTimestamp();
        using var activity = Telemetry.StartProcess(delivery);
        using var timeout = new CancellationTokenSource(handlers.Settings.TimeFor(time.GetElapsedTime(delivery.ReceivedTimestamp)), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, givingUp);
        var result = await AttemptAsync(delivery, either.Token);
        if (result.IsDone)
        {
            metrics.Handled(delivery.Queue, time.GetElapsedTime(startedAt), errorType: null);
            return Settlement.Ack;
        }

        if (result.Refusal is { } refusal)
        {
            LogMessages.NotAdmitted(logger, delivery, refusal);
            return refusal switch
            {
                Admission.Dead => Settlement.DeadLetter,
                Admission.TooEarly => holds.Hold(result.Wait),
                _ => Settlement.Ack,
            };
        }

        var exception = timeout.IsCancellationRequested && !givingUp.IsCancellationRequested
            ? new TimeoutException($"The handler took longer than the queue's timeout of {handlers.Settings.Timeout.TotalSeconds:0.###} seconds.", result.Exception)
            : result.Exception!;
        activity?.SetStatus(System.Diagnostics.ActivityStatusCode.Error, exception.Message);
        metrics.Handled(delivery.Queue, time.GetElapsedTime(startedAt), exception.GetType().FullName);
        return await SettleFailureAsync(delivery, exception, holds, givingUp);
    }

    public Task WaitUntilAbleAsync(CancellationToken stopping) => _probe.WaitAsync(stopping);

    private async Task<AttemptResult> AttemptAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        try
        {
            if (delivery.MessageId is null)
            {
                throw new UnreadableMessageException(
                    $"The message \"{delivery.Name}\" has no message id, so it cannot be handled just once. Set the AMQP property message-id.");
            }

            var handler = handlers.Find(delivery.Name)
                ?? throw new ReliableMqException(
                    $"No handler of the queue \"{delivery.Queue}\" takes the message \"{delivery.Name}\". It takes: {string.Join(", ", handlers.MessageNames.Order().Select(name => $"\"{name}\""))}. Add a handler, or remove the binding that brings it.");
            var message = serializer.Deserialize(delivery.Body, handler.MessageType, delivery.ContentType, delivery.Name);
            return await _inbox.RunAsync(delivery, handler.HandlerName,
                (services, attempt) =>
                {
                    // Only here is it known that this is not the copy of a message that was handled in time.
                    RefuseExpired(delivery);
                    return handler.Invoke!(services, message, ContextOf(delivery, attempt, cancellationToken));
                }, cancellationToken);
        }
        catch (Exception exception)
        {
            return AttemptResult.Failed(exception);
        }
    }

    private void RefuseExpired(Delivery delivery)
    {
        if (delivery.ExpiresAt <= time.GetUtcNow())
        {
            throw new PermanentFailureException($"The message \"{delivery.Name}\" expired at {delivery.ExpiresAt:O}, before it was handled.");
        }
    }

    private static MessageContext ContextOf(Delivery delivery, int attempt, CancellationToken cancellationToken) => new()
    {
        MessageId = delivery.MessageId!,
        MessageName = delivery.Name,
        Queue = delivery.Queue,
        Attempt = attempt,
        Redelivered = delivery.Redelivered,
        CorrelationId = delivery.CorrelationId,
        CausationId = delivery.CausationId,
        SentAt = delivery.SentAt,
        ReceivedAt = delivery.ReceivedAt,
        Headers = delivery.Headers,
        CancellationToken = cancellationToken,
    };

    private async Task<Settlement> SettleFailureAsync(Delivery delivery, Exception exception, HoldBudget holds, CancellationToken givingUp)
    {
        // Whatever a handler throws once it was told to give up says nothing about the message.
        if (givingUp.IsCancellationRequested)
        {
            return Settlement.Requeue;
        }

        if (exception is TwinIsRunningException)
        {
            LogMessages.TwinIsRunning(logger, delivery);
            return holds.Hold(TimeSpan.FromSeconds(1));
        }

        try
        {
            if (FailureRules.LooksLikeDatabaseDown(exception) && await _probe.AskAsync(givingUp) is { } down)
            {
                LogMessages.DatabaseDown(logger, delivery.Queue, down);
                return Settlement.Pause;
            }

            return await _failures.RecordAsync(delivery, exception, handlers.Settings.Retry, holds, givingUp);
        }
        catch (OperationCanceledException) when (givingUp.IsCancellationRequested)
        {
            return Settlement.Requeue;
        }
        catch (Exception unrecorded)
        {
            // The failure could not be counted. If the database is away, deliveries stop; else this one waits.
            LogMessages.FailureNotRecorded(logger, delivery, unrecorded);
            return await AskQuietlyAsync(givingUp) ? Settlement.Pause : holds.Hold(TimeSpan.FromSeconds(5));
        }
    }

    private async Task<bool> AskQuietlyAsync(CancellationToken givingUp)
    {
        try
        {
            return await _probe.AskAsync(givingUp) is not null;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
