using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using ReliableMq.Broker.Topology;
using ReliableMq.Outbox;
using ReliableMq.Receiving;

namespace ReliableMq.Diagnostics;

/// <summary>
/// The meter, by OpenTelemetry's messaging conventions
/// (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/) where they name what is measured.
/// </summary>
internal sealed class ReliableMqMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly TimeProvider _time;
    private readonly Counter<long> _sent;
    private readonly Counter<long> _consumed;
    private readonly Counter<long> _deadLettered;
    private readonly Counter<long> _processEnds;
    private readonly Counter<long> _abandoned;
    private readonly Histogram<double> _processing;
    private readonly Counter<long> _alertsRaised;
    private readonly ObservableGauge<long> _pendingGauge;
    private readonly ConcurrentDictionary<string, PendingRows> _pending = new();
    private readonly ConcurrentDictionary<string, long> _parked = new();
    private readonly ConcurrentDictionary<string, long> _dead = new();
    private volatile IReadOnlyList<QueueConsumer> _consumers = [];
    private readonly ConcurrentDictionary<(string Context, string Sink), long> _alertsUntold = new();

    public ReliableMqMetrics(IMeterFactory factory, TopologyState topology, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        _meter = factory.Create(Telemetry.Name);
        _sent = _meter.CreateCounter<long>("messaging.client.sent.messages", "{message}", "Messages sent: confirmed, or failed with error.type.");
        _consumed = _meter.CreateCounter<long>("messaging.client.consumed.messages", "{message}", "Deliveries handled: done, or failed with error.type.");
        _processing = _meter.CreateHistogram<double>("messaging.process.duration", "s", "Duration of handling a delivery.");
        _deadLettered = _meter.CreateCounter<long>("reliablemq.dead_letters", "{message}", "Messages that became dead letters.");
        _processEnds = _meter.CreateCounter<long>("reliablemq.process_ends", "{message}", "Messages whose process ended while it handled them for a further time.");
        _abandoned = _meter.CreateCounter<long>("reliablemq.handlers.abandoned", "{attempt}", "Attempts that went on after they were cancelled, and were left behind.");
        _alertsRaised = _meter.CreateCounter<long>("reliablemq.alerts.raised", "{raise}", "Raises that were added to their alerts by this process.");
        _meter.CreateObservableGauge("reliablemq.alerts.untold",
            () => _alertsUntold.Select(u => new Measurement<long>(u.Value, Tag("reliablemq.context", u.Key.Context), Tag("reliablemq.sink", u.Key.Sink))), "{alert}", "Open alerts that a sink has failed to take.");
        _pendingGauge = _meter.CreateObservableGauge("reliablemq.outbox.pending",
            () => _pending.Select(p => new Measurement<long>(p.Value.Count, Tag("reliablemq.context", p.Key))), "{message}", "Messages that should have left, counted to 20,002.");
        _meter.CreateObservableGauge("reliablemq.outbox.failed",
            () => _pending.Select(p => new Measurement<long>(p.Value.Failed, Tag("reliablemq.context", p.Key))), "{message}", "Messages that wait for an operator, counted to 10,001.");
        _meter.CreateObservableGauge("reliablemq.outbox.oldest_pending_age",
            () => _pending.Select(p => new Measurement<double>(p.Value.OldestAge.TotalSeconds, Tag("reliablemq.context", p.Key))), "s", "Age of the oldest message that should have left.");
        _meter.CreateObservableGauge("reliablemq.parked",
            () => _parked.Select(p => new Measurement<long>(p.Value, Tag("reliablemq.context", p.Key))), "{message}", "Messages of ordered queues that wait behind a failing one, counted to 10,001.");
        _meter.CreateObservableGauge("reliablemq.dead_letters.waiting",
            () => _dead.Select(d => new Measurement<long>(d.Value, Tag("reliablemq.context", d.Key))), "{message}", "Dead letters that wait for an operator, counted to 10,001.");
        _meter.CreateObservableGauge("reliablemq.consumer.handling", () => OfConsumers(consumer => consumer.Handling), "{message}", "Messages that are being handled.");
        _meter.CreateObservableGauge("reliablemq.consumer.concurrency", () => OfConsumers(consumer => consumer.InForce.Concurrency), "{handler}", "Handlers that may run at once.");
        _meter.CreateObservableGauge("reliablemq.consumer.paused", () => OfConsumers(consumer => consumer.InForce.PausedSince is null ? 0 : 1), "{consumer}", "1 while an operator has paused the queue, else 0.");
        _meter.CreateObservableGauge("reliablemq.topology.differences",
            () => topology.Current is { } report ? [new Measurement<long>(report.Differences.Count)] : Array.Empty<Measurement<long>>(), "{difference}", "Differences between the broker's topology and what is needed, at the last check.");
    }

    /// <summary>Measures consumers from now on.</summary>
    public void Watch(IReadOnlyList<QueueConsumer> consumers) => _consumers = consumers;

    private IEnumerable<Measurement<long>> OfConsumers(Func<QueueConsumer, long> value) =>
        _consumers.Select(consumer => new Measurement<long>(value(consumer), System, Tag("messaging.destination.name", consumer.Queue)));

    /// <summary>What is kept for the dashboard.</summary>
    public FlowCounts Flow { get; } = new();

    /// <summary>Whether anybody listens.</summary>
    public bool MeasuresPending => _pendingGauge.Enabled;

    public void Sent(IEnumerable<OutboxRow> rows)
    {
        var now = _time.GetUtcNow();
        foreach (var row in rows)
        {
            Flow.Sent(row, now);
            if (_sent.Enabled)
            {
                _sent.Add(1, System, Tag("messaging.destination.name", row.Exchange));
            }
        }
    }

    public void SendFailed(IEnumerable<FailedRow> rows)
    {
        foreach (var failed in rows)
        {
            _sent.Add(1, System, Tag("messaging.destination.name", failed.Row.Exchange), Tag("error.type", failed.Failure.Kind));
        }
    }

    public void Expired(IEnumerable<OutboxRow> rows)
    {
        foreach (var row in rows)
        {
            _sent.Add(1, System, Tag("messaging.destination.name", row.Exchange), Tag("error.type", "expired"));
        }
    }

    public void Handled(string queue, TimeSpan duration, string? errorType, DateTimeOffset? sentAt = null)
    {
        if (errorType is null)
        {
            Flow.Handled(_time.GetUtcNow() - sentAt);
        }
        else
        {
            Flow.Failed();
        }

        var tags = new TagList { System, { "messaging.destination.name", queue } };
        if (errorType is not null)
        {
            tags.Add("error.type", errorType);
        }

        _consumed.Add(1, tags);
        _processing.Record(duration.TotalSeconds, tags);
    }

    public void DeadLettered(string queue)
    {
        Flow.DeadLettered();
        _deadLettered.Add(1, System, Tag("messaging.destination.name", queue));
    }

    /// <param name="queue">Where the message came from.</param>
    /// <param name="alone">Whether it ran alone, and so is to blame.</param>
    public void ProcessEnded(string queue, bool alone) => _processEnds.Add(1, System, Tag("messaging.destination.name", queue), Tag("reliablemq.alone", alone));

    public void HandlerAbandoned(string queue) => _abandoned.Add(1, System, Tag("messaging.destination.name", queue));

    public void AlertsRaised(string kind, long count) => _alertsRaised.Add(count, Tag("reliablemq.alert.kind", kind));

    public void AlertsUntold(string context, string sink, long count) => _alertsUntold[(context, sink)] = count;

    public void Pending(string context, PendingRows pending) => _pending[context] = pending;

    public void Parked(string context, long count) => _parked[context] = count;

    public void DeadLettersWaiting(string context, long count) => _dead[context] = count;

    private static KeyValuePair<string, object?> Tag(string name, object value) => new(name, value);

    private static readonly KeyValuePair<string, object?> System = new("messaging.system", "rabbitmq");

    public void Dispose() => _meter.Dispose();
}
