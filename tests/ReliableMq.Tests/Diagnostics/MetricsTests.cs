using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using ReliableMq.Broker.Topology;
using ReliableMq.Diagnostics;
using ReliableMq.Failing;
using ReliableMq.Outbox;
using ReliableMq.Receiving;

namespace ReliableMq.Tests.Diagnostics;

/// <summary>Dashboards and alerts of users are built on these names.</summary>
public sealed class MetricsTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _listener = new();
    private readonly List<string> _measured = [];
    private readonly TopologyState _topology = new();
    private readonly ReliableMqMetrics _metrics;

    public MetricsTests()
    {
        var factory = _services.GetRequiredService<IMeterFactory>();
        // By its factory, so that nothing of a host in another test is heard.
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "ReliableMq" && ReferenceEquals(instrument.Meter.Scope, factory))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Measured(instrument, $"{value}", tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Measured(instrument, $"{value}", tags));
        _listener.Start();
        _metrics = new ReliableMqMetrics(factory, _topology);
    }

    [Fact]
    public void Sent_messages_are_counted_by_exchange_and_error()
    {
        _metrics.Sent([Some.Row(), Some.Row(exchange: "billing")]);
        _metrics.SendFailed([new FailedRow(Some.Row(), new Failure("returned", "no queue", TimeSpan.Zero))]);

        _measured.ShouldBe([
            "messaging.client.sent.messages {message} 1: messaging.destination.name=orders, messaging.system=rabbitmq",
            "messaging.client.sent.messages {message} 1: messaging.destination.name=billing, messaging.system=rabbitmq",
            "messaging.client.sent.messages {message} 1: error.type=returned, messaging.destination.name=orders, messaging.system=rabbitmq",
        ]);
    }

    [Fact]
    public void Handled_deliveries_are_counted_and_timed_by_queue_and_error()
    {
        _metrics.Handled("billing", TimeSpan.FromSeconds(1.5), errorType: null);
        _metrics.Handled("billing", TimeSpan.FromSeconds(2), "System.TimeoutException");

        _measured.ShouldBe([
            "messaging.client.consumed.messages {message} 1: messaging.destination.name=billing, messaging.system=rabbitmq",
            "messaging.process.duration s 1.5: messaging.destination.name=billing, messaging.system=rabbitmq",
            "messaging.client.consumed.messages {message} 1: error.type=System.TimeoutException, messaging.destination.name=billing, messaging.system=rabbitmq",
            "messaging.process.duration s 2: error.type=System.TimeoutException, messaging.destination.name=billing, messaging.system=rabbitmq",
        ]);
    }

    [Fact]
    public void Dead_letters_are_counted_by_queue()
    {
        _metrics.DeadLettered("billing");

        _measured.ShouldBe(["reliablemq.dead_letters {message} 1: messaging.destination.name=billing, messaging.system=rabbitmq"]);
    }

    [Fact]
    public void Ends_of_processes_and_handlers_left_behind_are_counted_by_queue()
    {
        _metrics.ProcessEnded("billing", alone: true);
        _metrics.HandlerAbandoned("billing");

        _measured.ShouldBe(
        [
            "reliablemq.process_ends {message} 1: messaging.destination.name=billing, messaging.system=rabbitmq, reliablemq.alone=True",
            "reliablemq.handlers.abandoned {attempt} 1: messaging.destination.name=billing, messaging.system=rabbitmq",
        ]);
    }

    [Fact]
    public void Pending_messages_are_gauged_by_context()
    {
        _metrics.MeasuresPending.ShouldBeTrue();
        _metrics.Pending("OrdersDb", new PendingRows(7, TimeSpan.FromSeconds(90), 1));
        _metrics.Pending("OrdersDb", new PendingRows(8, TimeSpan.FromSeconds(91), 2));

        _listener.RecordObservableInstruments();

        _measured.ShouldBe([
            "reliablemq.outbox.pending {message} 8: reliablemq.context=OrdersDb",
            "reliablemq.outbox.failed {message} 2: reliablemq.context=OrdersDb",
            "reliablemq.outbox.oldest_pending_age s 91: reliablemq.context=OrdersDb",
        ]);
    }

    [Fact]
    public void Differences_of_the_topology_are_gauged_once_there_was_a_check()
    {
        _listener.RecordObservableInstruments();
        _measured.ShouldBeEmpty();
        _topology.Set(new TopologyReport([new("a", "b", "c", "d"), new("e", "f", "g", "h")], []));

        _listener.RecordObservableInstruments();

        _measured.ShouldBe(["reliablemq.topology.differences {difference} 2: "]);
    }

    [Fact]
    public void Consumers_are_measured_by_queue()
    {
        var settings = new QueueSettings("billing", new RetryPolicy([]), 8, 200, TimeSpan.FromMinutes(5));
        var consumer = new QueueConsumer("billing", settings, new NoProcessor(), null!, null!, TimeProvider.System, new QuietLogger<QueueConsumer>(NullLoggerFactory.Instance));
        _metrics.Watch([consumer]);
        consumer.Apply(new SettingsInForce(DateTimeOffset.UnixEpoch, 3, 200));

        _listener.RecordObservableInstruments();

        _measured.ShouldBe([
            "reliablemq.consumer.handling {message} 0: messaging.destination.name=billing, messaging.system=rabbitmq",
            "reliablemq.consumer.concurrency {handler} 3: messaging.destination.name=billing, messaging.system=rabbitmq",
            "reliablemq.consumer.paused {consumer} 1: messaging.destination.name=billing, messaging.system=rabbitmq",
        ]);
    }

    private sealed class NoProcessor : IDeliveryProcessor
    {
        public Task<Settlement> ProcessAsync(Delivery delivery, HoldBudget holds, CancellationToken givingUp) => Task.FromResult(Settlement.Requeue);

        public Task WaitUntilAbleAsync(CancellationToken stopping) => Task.CompletedTask;
    }

    [Fact]
    public void Where_nobody_listens_the_outbox_is_not_measured()
    {
        _listener.Dispose();

        _metrics.MeasuresPending.ShouldBeFalse();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _metrics.Dispose();
        _services.Dispose();
    }

    private void Measured(Instrument instrument, string value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _measured.Add($"{instrument.Name} {instrument.Unit} {value}: {string.Join(", ", tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}").Order(StringComparer.Ordinal))}");
}
