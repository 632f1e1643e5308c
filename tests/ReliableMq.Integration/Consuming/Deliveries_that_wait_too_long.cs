using Microsoft.Extensions.Logging;
using ReliableMq.Failing;
using ReliableMq.Integration.Support;
using ReliableMq.Receiving;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Consuming;

public class Deliveries_that_wait_too_long
{
    [Fact]
    public async Task Go_back_though_no_handler_ever_becomes_free()
    {
        await using var world = await World.CreateAsync();
        await using var connection = await world.Broker.OpenConnectionAsync();
        await world.BindPlainQueueAsync("waiting", "tests", "waiting");
        var logs = new CapturingLoggerProvider();
        var gate = new Gate("the only handler");
        var processor = new GatedProcessor(gate);
        // A third of it is the limit.
        var settings = new QueueSettings("waiting", new RetryPolicy([]), Concurrency: 1, Prefetch: 10, Timeout: TimeSpan.FromSeconds(1)) { ConsumerTimeout = TimeSpan.FromSeconds(3) };
        var session = await ConsumerSession.OpenAsync(connection, "waiting", settings, processor, new SlotGate(1), TimeProvider.System, logs.CreateLogger("session"), CancellationToken.None);
        using var asked = new CancellationTokenSource();
        var consuming = session.ConsumeAsync(asked.Token, CancellationToken.None);

        await world.Broker.PublishAsync("tests", "waiting", "first", new() { MessageId = "first" });
        await gate.WaitForCallersAsync();
        await world.Broker.PublishAsync("tests", "waiting", "second", new() { MessageId = "second" });
        await world.Broker.PublishAsync("tests", "waiting", "third", new() { MessageId = "third" });

        await Eventually.TrueAsync(() => new[] { "second", "third" }.All(id => logs.Entries.Any(entry => entry.EventId.Id == 4013 && entry.Message.Contains(id))), "both went back");
        gate.Waiting.ShouldBe(1, "the handler still runs");
        gate.Open();

        await Eventually.EqualAsync(3, () => processor.Processed.Count, "deliveries processed");
        processor.Processed.Select(delivery => (delivery.MessageId, delivery.Redelivered)).OrderBy(delivery => delivery.MessageId).ShouldBe([("first", false), ("second", true), ("third", true)]);
        await asked.CancelAsync();
        await consuming;
        await session.EndAsync(CancellationToken.None);
        (await world.ReadyAsync("waiting")).ShouldBe(0u);
    }

    private sealed class GatedProcessor(Gate gate) : IDeliveryProcessor
    {
        public System.Collections.Concurrent.ConcurrentQueue<Delivery> Processed { get; } = [];

        public async Task<Settlement> ProcessAsync(Delivery delivery, HoldBudget holds, CancellationToken givingUp)
        {
            await gate.PassAsync(givingUp);
            Processed.Enqueue(delivery);
            return Settlement.Ack;
        }

        public Task WaitUntilAbleAsync(CancellationToken stopping) => Task.CompletedTask;
    }
}
