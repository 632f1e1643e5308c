using System.Collections.Frozen;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReliableMq.Diagnostics;
using ReliableMq.Failing;
using ReliableMq.Inbox;
using ReliableMq.Receiving;
using ReliableMq.Storage;
using ReliableMq.Timing;

namespace ReliableMq.Handling;

/// <summary>Handles the deliveries of one queue: every end of an attempt becomes one settlement.</summary>
internal sealed class HandlingProcessor : IDeliveryProcessor
{
    private readonly QueueHandlers _handlers;
    private readonly QueueSettings _settings;
    private readonly MessageReader _reader;
    private readonly HandlerInvocation _invocation;
    private readonly InboxTransaction _inbox;
    private readonly Parking _parking;
    private readonly ImmediateRetries _immediately;
    private readonly FailureRecorder _failures;
    private readonly StartMarks _marks;
    private readonly AbandonedHandlers _abandoned;
    private readonly ServiceDatabase _database;
    private readonly DatabaseProbe _probe;
    private readonly ReliableMqMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly FrozenDictionary<HandlerDefinition, BatchCollector> _batches;

    public HandlingProcessor(
        QueueHandlers handlers, ServiceDatabase database, StartMarks marks, AbandonedHandlers abandoned, IServiceScopeFactory scopes, MessageSerializer serializer, IServiceProvider services, HandlingFilters filters,
        ReliableMqMetrics metrics, TimeProvider time, QuietLogger<HandlingProcessor> logger)
    {
        _handlers = handlers;
        _settings = handlers.Settings;
        _reader = new MessageReader(handlers, serializer, services);
        _invocation = new HandlerInvocation(filters);
        _parking = new Parking(database, logger);
        _inbox = new InboxTransaction(database, _settings.Timeout, scopes, _parking, logger);
        _immediately = new ImmediateRetries(_settings, time, logger);
        _failures = new FailureRecorder(database, _parking, metrics, logger);
        _marks = marks;
        _abandoned = abandoned;
        _database = database;
        _probe = new DatabaseProbe(database, time);
        _metrics = metrics;
        _time = time;
        _logger = logger;
        var batch = new BatchRun(_settings, RunBatchAsync, metrics, time, logger);
        _batches = handlers.All.Where(handler => handler.InvokeBatch is not null)
            .ToFrozenDictionary(handler => handler, _ => new BatchCollector(_settings, batch.HandleAsync, time));
    }

    public async Task<Settlement> ProcessAsync(Delivery delivery, HoldBudget holds, CancellationToken givingUp)
    {
        if (delivery.MessageId is null && _settings.DeriveMessageIds)
        {
            delivery = DerivedIds.Give(delivery);
        }

        CrashPoint.Here("after receive, before inbox");
        ReadMessage? message = null;
        Exception? unreadable = null;
        try
        {
            message = _reader.Read(delivery);
        }
        catch (Exception exception)
        {
            unreadable = exception;
        }

        if (message is null || !_batches.TryGetValue(message.Handler, out var batches))
        {
            return await HandleAloneAsync(delivery, message, unreadable, holds, givingUp);
        }

        // What is not new may be what ended a process, which must not take a batch along.
        return !StartMarks.Concern(delivery) && await batches.AddAsync(message, givingUp)
            ? Settlement.Ack
            : await batches.AloneAsync(() => HandleAloneAsync(delivery, message, unreadable, holds, givingUp), givingUp);
    }

    private async Task<Settlement> HandleAloneAsync(Delivery delivery, ReadMessage? message, Exception? unreadable, HoldBudget holds, CancellationToken givingUp)
    {
        if (!_settings.MayStart(_time.GetElapsedTime(delivery.ReceivedTimestamp)))
        {
            // It was in a batch that failed late. Nothing is counted: it has not run by itself.
            LogMessages.WaitedTooLong(_logger, delivery, _time.GetElapsedTime(delivery.ReceivedTimestamp));
            return Settlement.Requeue;
        }

        if (!StartMarks.Concern(delivery))
        {
            return await AttemptAsync(delivery, message, unreadable, isMarked: false, holds, givingUp);
        }

        Start start;
        try
        {
            start = await _marks.StartAsync(delivery, givingUp);
        }
        catch (Exception exception)
        {
            return await SettleFailureAsync(delivery, LineBrokeException.Tell(NoConnectionFreeException.Tell(exception)), ExceptionRules.None, holds, givingUp);
        }

        switch (start)
        {
            case Start.Wait { Delay: var delay }:
                return holds.Hold(delay);
            case Start.Blamed { Exception: var exception }:
                return await SettleFailureAsync(delivery, exception, ExceptionRules.None, holds, givingUp);
            case Start.Run run:
                try
                {
                    return await AttemptAsync(delivery, message, unreadable, isMarked: true, holds, givingUp);
                }
                finally
                {
                    await _marks.EndAsync(delivery, run);
                }

            default:
                throw new InvalidOperationException("Unknown start.");
        }
    }

    private async Task<Settlement> AttemptAsync(
        Delivery delivery, ReadMessage? message, Exception? unreadable, bool isMarked, HoldBudget holds, CancellationToken givingUp)
    {
        var startedAt = _time.GetTimestamp();
        using var activity = Telemetry.StartProcess([delivery]);
        using var timeout = new TimeLimit(_settings.Timeout, _time, givingUp);
        var rules = _handlers.RulesOf(message?.Handler);
        var hasBegun = false;
        var result = message is null
            ? AttemptResult.Failed(unreadable!)
            : await _immediately.RunAsync(delivery, rules, () => AttemptAsync(message, isMarked, () => hasBegun = true, timeout.Token, givingUp), timeout.Token);
        if (result.IsDone)
        {
            _metrics.Handled(delivery.Queue, _time.GetElapsedTime(startedAt), errorType: null, delivery.SentAt);
            if (isMarked)
            {
                _marks.Forgotten(delivery);
            }

            return Settlement.Ack;
        }

        if (result.Refusal is { } refusal)
        {
            LogMessages.NotAdmitted(_logger, delivery, refusal);
            return refusal switch
            {
                Admission.Dead => AdmissionRules.SettleDead(delivery),
                Admission.TooEarly => holds.HoldRest(delivery, result.Wait),
                _ => Settlement.Ack,
            };
        }

        var failure = !timeout.IsReached || givingUp.IsCancellationRequested ? (hasBegun ? result.Exception! : LineBrokeException.Tell(result.Exception!))
            : hasBegun ? HandlerInvocation.TimedOut(_settings.Timeout, result.Exception)
            : result.Exception is OperationCanceledException or HandlerAbandonedException ? new NoTimeToBeginException(result.Exception)
            : result.Exception!;
        activity?.SetStatus(System.Diagnostics.ActivityStatusCode.Error, failure.Message);
        var took = _time.GetElapsedTime(startedAt);
        var settlement = await SettleFailureAsync(delivery, failure, rules, holds, givingUp);
        if (failure is not NotBegunException && settlement.Kind != SettlementKind.Pause && !givingUp.IsCancellationRequested)
        {
            _metrics.Handled(delivery.Queue, took, failure.GetType().FullName);
        }

        return settlement;
    }

    public void ChangeConcurrency(int concurrency)
    {
        foreach (var batches in _batches.Values)
        {
            batches.ChangeConcurrency(concurrency);
        }
    }

    public Task WaitUntilAbleAsync(CancellationToken stopping) => _probe.WaitAsync(stopping);

    private async Task<AttemptResult> AttemptAsync(ReadMessage message, bool isMarked, Action begins, CancellationToken cancellationToken, CancellationToken givingUp)
    {
        try
        {
            var orderingKey = OrderingKeys.Of(message.Delivery, _settings.Order);
            while (true)
            {
                var result = await _abandoned.RunAsync(message.Delivery, _settings.Queue, _database, running => _inbox.RunAsync(message.Delivery, orderingKey, isMarked, message.Handler.HandlerName,
                    (services, transaction, attempt) =>
                    {
                        begins();
                        // Only here is it known that this is not the copy of a message that was handled in time.
                        message.RefuseExpired(_time.GetUtcNow());
                        return _invocation.InvokeAsync(message.Handler, services, message.Message, message.ContextOf(attempt, transaction.Transaction, cancellationToken));
                    }, running), cancellationToken, givingUp);
                if (result.Refusal != Admission.Behind || await _parking.ParkAsync(message.Delivery, orderingKey!, cancellationToken))
                {
                    return result;
                }

                // What held the key has ended in between: the way is free.
            }
        }
        catch (Exception exception)
        {
            return AttemptResult.Failed(exception);
        }
    }

    /// <summary>One transaction for the batch.</summary>
    private Task<IReadOnlyList<ReadMessage>> RunBatchAsync(IReadOnlyList<ReadMessage> batch, CancellationToken cancellationToken, CancellationToken givingUp)
    {
        var handler = batch[0].Handler;
        return _abandoned.RunAsync(BatchRun.Name(batch), _settings.Queue, _database, running => _inbox.RunBatchAsync(batch, handler.HandlerName,
            (services, transaction, messages) => _invocation.InvokeAsync(handler, services, messages, transaction.Transaction, cancellationToken), running), cancellationToken, givingUp);
    }

    private async Task<Settlement> SettleFailureAsync(Delivery delivery, Exception exception, ExceptionRules rules, HoldBudget holds, CancellationToken givingUp)
    {
        // Whatever a handler throws once it was told to give up says nothing about the message.
        if (givingUp.IsCancellationRequested)
        {
            return Settlement.Requeue;
        }

        if (exception is TwinIsRunningException)
        {
            LogMessages.TwinIsRunning(_logger, delivery);
            return holds.Hold(TimeSpan.FromSeconds(1));
        }

        if (exception is NoConnectionFreeException)
        {
            LogMessages.NoConnectionFree(_logger, delivery, exception.Message);
            return holds.Hold(TimeSpan.FromSeconds(1));
        }

        try
        {
            if (exception is NoTimeToBeginException)
            {
                LogMessages.NoTimeToBegin(_logger, delivery, _settings.Timeout);
                return await _probe.AskAsync(givingUp) is null ? holds.Hold(TimeSpan.FromSeconds(1)) : Settlement.Pause;
            }

            if (FailureRules.LooksLikeDatabaseDown(exception) && await _probe.AskAsync(givingUp) is { } down)
            {
                LogMessages.DatabaseDown(_logger, delivery.Queue, down);
                return Settlement.Pause;
            }

            if (exception is LineBrokeException)
            {
                // It is back already, on another server perhaps.
                LogMessages.LineBroke(_logger, delivery, exception.Message);
                return holds.Hold(TimeSpan.FromSeconds(1));
            }

            return await _failures.RecordAsync(delivery, exception, _settings, rules, holds, givingUp);
        }
        catch (OperationCanceledException) when (givingUp.IsCancellationRequested)
        {
            return Settlement.Requeue;
        }
        catch (Exception unrecorded)
        {
            // The failure could not be counted. If the database is away, deliveries stop; else this one waits.
            LogMessages.FailureNotRecorded(_logger, delivery, unrecorded);
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
