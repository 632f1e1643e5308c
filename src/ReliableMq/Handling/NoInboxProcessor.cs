using System.Collections.Frozen;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReliableMq.Diagnostics;
using ReliableMq.Dispatching;
using ReliableMq.Failing;
using ReliableMq.Inbox;
using ReliableMq.Receiving;
using ReliableMq.Timing;

namespace ReliableMq.Handling;

/// <summary>
/// Handles the deliveries of one queue without a database: nothing remembers what was handled, and what is known of a
/// message's attempts travels with it.
/// </summary>
internal sealed class NoInboxProcessor : IDeliveryProcessor
{
    /// <summary>Where many wait, others get their turn in between.</summary>
    private static readonly TimeSpan ShortHold = TimeSpan.FromSeconds(1), WorthWaiting = TimeSpan.FromMilliseconds(50);

    private readonly QueueHandlers _handlers;
    private readonly QueueSettings _settings;
    private readonly MessageReader _reader;
    private readonly HandlerInvocation _invocation;
    private readonly IServiceScopeFactory _scopes;
    private readonly ImmediateRetries _immediately;
    private readonly FailureRepublisher _failures;
    private readonly AbandonedHandlers _abandoned;
    private readonly ReliableMqMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly FrozenDictionary<HandlerDefinition, BatchCollector> _batches;

    public NoInboxProcessor(
        QueueHandlers handlers, IServiceProvider services, IServiceScopeFactory scopes, MessageSerializer serializer, HandlingFilters filters, ConfirmedPublisher publisher,
        AbandonedHandlers abandoned, ReliableMqOptions options, ReliableMqMetrics metrics, TimeProvider time, QuietLogger<NoInboxProcessor> logger)
    {
        _handlers = handlers;
        _settings = handlers.Settings;
        _immediately = new ImmediateRetries(_settings, time, logger);
        _reader = new MessageReader(handlers, serializer, services);
        _invocation = new HandlerInvocation(filters);
        _scopes = scopes;
        _failures = new FailureRepublisher(publisher, handlers.Topology.DeadLetterQueue, options, metrics, time, logger);
        _abandoned = abandoned;
        _metrics = metrics;
        _time = time;
        _logger = logger;
        var batch = new BatchRun(_settings, RunBatchAsync, metrics, time, logger);
        _batches = handlers.All.Where(handler => handler.InvokeBatch is not null)
            .ToFrozenDictionary(handler => handler, _ => new BatchCollector(_settings, batch.HandleAsync, time));
        LogMessages.NoInbox(logger, _settings.Queue, handlers.Topology.DeadLetterQueue);
    }

    public async Task<Settlement> ProcessAsync(Delivery delivery, HoldBudget holds, CancellationToken givingUp)
    {
        if (delivery.NotBefore - _time.GetUtcNow() is { } wait && wait > WorthWaiting)
        {
            return Hold(delivery, wait, holds);
        }

        if (delivery.MessageId is null)
        {
            delivery = DerivedIds.Give(delivery);
        }

        ReadMessage message;
        try
        {
            message = _reader.Read(delivery);
        }
        catch (Exception unreadable)
        {
            return await _failures.RepublishAsync(delivery, unreadable, _settings.Retry, ExceptionRules.None, holds, givingUp);
        }

        if (!_batches.TryGetValue(message.Handler, out var batches))
        {
            return await HandleAloneAsync(message, holds, givingUp);
        }

        // What has failed before may be what makes a batch fail.
        return delivery.Attempt == 1 && await batches.AddAsync(message, givingUp)
            ? Settlement.Ack
            : await batches.AloneAsync(() => HandleAloneAsync(message, holds, givingUp), givingUp);
    }

    /// <summary>
    /// Holds it in pieces that the broker's consumer timeout allows, each ended by a nack. Beyond the budget the
    /// pieces are short, but there is no other place for it.
    /// </summary>
    private Settlement Hold(Delivery delivery, TimeSpan wait, HoldBudget holds)
    {
        var piece = wait < _settings.MaxWait ? wait : _settings.MaxWait;
        return holds.TryHold(delivery, piece, out var held) ? held : holds.Hold(piece < ShortHold ? piece : ShortHold);
    }

    private async Task<Settlement> HandleAloneAsync(ReadMessage message, HoldBudget holds, CancellationToken givingUp)
    {
        var delivery = message.Delivery;
        if (!_settings.MayStart(_time.GetElapsedTime(delivery.ReceivedTimestamp)))
        {
            LogMessages.WaitedTooLong(_logger, delivery, _time.GetElapsedTime(delivery.ReceivedTimestamp));
            return Settlement.Requeue;
        }

        var startedAt = _time.GetTimestamp();
        using var activity = Telemetry.StartProcess([delivery]);
        using var timeout = new TimeLimit(_settings.Timeout, _time, givingUp);
        var rules = _handlers.RulesOf(message.Handler);
        var result = await _immediately.RunAsync(delivery, rules, () => AttemptAsync(message, timeout.Token, givingUp), timeout.Token);
        if (result.Exception is not { } exception)
        {
            _metrics.Handled(delivery.Queue, _time.GetElapsedTime(startedAt), errorType: null, delivery.SentAt);
            return Settlement.Ack;
        }

        if (givingUp.IsCancellationRequested)
        {
            // Whatever a handler throws once it was told to give up says nothing about the message.
            return Settlement.Requeue;
        }

        var failure = timeout.IsReached ? HandlerInvocation.TimedOut(_settings.Timeout, exception) : exception;
        activity?.SetStatus(System.Diagnostics.ActivityStatusCode.Error, failure.Message);
        _metrics.Handled(delivery.Queue, _time.GetElapsedTime(startedAt), failure.GetType().FullName);
        return await _failures.RepublishAsync(delivery, failure, _settings.Retry, rules, holds, givingUp);
    }

    private async Task<AttemptResult> AttemptAsync(ReadMessage message, CancellationToken cancellationToken, CancellationToken givingUp)
    {
        try
        {
            var delivery = message.Delivery;
            message.RefuseExpired(_time.GetUtcNow());
            await RunAsync(delivery, message.Handler, delivery.MessageId, delivery.CorrelationId,
                services => _invocation.InvokeAsync(message.Handler, services, message.Message, message.ContextOf(delivery.Attempt, transaction: null, cancellationToken)), cancellationToken, givingUp);
            return AttemptResult.Done;
        }
        catch (Exception exception)
        {
            return AttemptResult.Failed(exception);
        }
    }

    private async Task<IReadOnlyList<ReadMessage>> RunBatchAsync(IReadOnlyList<ReadMessage> batch, CancellationToken cancellationToken, CancellationToken givingUp)
    {
        var handler = batch[0].Handler;
        await RunAsync(BatchRun.Name(batch), handler, messageId: null, correlationId: null,
            services => _invocation.InvokeAsync(handler, services, batch, transaction: null, cancellationToken), cancellationToken, givingUp);
        return batch;
    }

    /// <summary>Runs the handler with services of its own. Cancelled is not done, even if it returns.</summary>
    private Task RunAsync(
        object what, HandlerDefinition handler, string? messageId, string? correlationId, Func<IServiceProvider, ValueTask> handle, CancellationToken cancellationToken, CancellationToken givingUp) =>
        _abandoned.RunAsync(what, _settings.Queue, database: null, async _ =>
        {
            await using var scope = _scopes.CreateAsyncScope();
            using var handling = new HandlingScope(database: null, context: null, connection: null, messageId, correlationId, handler.HandlerName);
            await handling.RunAsync(() => handle(scope.ServiceProvider));
            cancellationToken.ThrowIfCancellationRequested();
            return true;
        }, cancellationToken, givingUp);

    /// <summary>It waits for no database.</summary>
    public Task WaitUntilAbleAsync(CancellationToken stopping) => Task.CompletedTask;
}
