using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using ReliableMq.Failing;
using ReliableMq.Integration.Support;
using ReliableMq.Receiving;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Consuming;

public class Held_deliveries_between_acked_ones
{
    private const string Queue = "held";
    private const int Count = 400, Last = Count;

    private static bool IsHeld(int number) => number % 10 == 0;

    private static bool GoesBackOnce(int number) => number % 7 == 3;

    [Fact]
    public async Task Are_all_that_comes_back_when_their_channel_is_lost()
    {
        await using var world = await World.CreateAsync();
        await world.BindPlainQueueAsync(Queue, "tests", Queue);
        for (var number = 0; number < Last; number++)
        {
            await PublishAsync(world, number);
        }

        var logs = new CapturingLoggerProvider();
        var processor = new SelectiveProcessor();
        // With one more than are held, a further delivery says that the broker knows of all that were settled.
        var settings = new QueueSettings(Queue, new RetryPolicy([]), Concurrency: 16, Prefetch: Enumerable.Range(0, Count).Count(IsHeld) + 1, Timeout: TimeSpan.FromMinutes(1));
        var connection = await world.Broker.OpenConnectionAsync();
        var session = await ConsumerSession.OpenAsync(connection, Queue, settings, processor, new SlotGate(16), TimeProvider.System, logs.CreateLogger("session"), CancellationToken.None);
        var consuming = session.ConsumeAsync(CancellationToken.None, CancellationToken.None);
        await Eventually.EqualAsync(Enumerable.Range(0, Last).Where(number => !IsHeld(number)), () => processor.Acked.Order(), "acked messages");
        await PublishAsync(world, Last);
        await Eventually.TrueAsync(() => processor.Seen.Contains(Last), "the last is delivered");

        await connection.AbortAsync();
        await consuming;
        await session.EndAsync(CancellationToken.None);

        var expected = Enumerable.Range(0, Last + 1).Where(IsHeld).Append(Last).Distinct().Count();
        await Eventually.EqualAsync((uint)expected, () => world.ReadyAsync(Queue), "messages that came back");
        (await DrainAsync(world, expected)).ShouldBe(Enumerable.Range(0, Last + 1).Where(number => IsHeld(number) || number == Last));
        processor.Acked.Count.ShouldBe(processor.Acked.Distinct().Count(), "each was acked once");
        logs.Entries.ShouldNotContain(entry => entry.Level >= LogLevel.Warning);
    }

    private static Task PublishAsync(World world, int number) => world.Broker.PublishAsync("tests", Queue, $"{number}", new() { MessageId = $"{number}" });

    private static Task<int[]> DrainAsync(World world, int count) => world.Broker.UseChannelAsync(async channel =>
    {
        var left = new List<int>();
        for (var i = 0; i < count; i++)
        {
            left.Add(int.Parse((await channel.BasicGetAsync(Queue, autoAck: true))!.BasicProperties.MessageId!, CultureInfo.InvariantCulture));
        }

        return left.Order().ToArray();
    });

    /// <summary>Holds, gives back and acks, and ends in any order.</summary>
    private sealed class SelectiveProcessor : IDeliveryProcessor
    {
        private readonly ConcurrentDictionary<int, bool> _wentBack = [];

        public ConcurrentQueue<int> Acked { get; } = [];

        public ConcurrentQueue<int> Seen { get; } = [];

        public async Task<Settlement> ProcessAsync(Delivery delivery, HoldBudget holds, CancellationToken givingUp)
        {
            var number = int.Parse(delivery.MessageId!, CultureInfo.InvariantCulture);
            Seen.Enqueue(number);
            for (var turns = Random.Shared.Next(50); turns > 0; turns--)
            {
                await Task.Yield();
            }

            if (IsHeld(number) || number == Last)
            {
                return holds.Hold(TimeSpan.FromMinutes(10));
            }

            if (GoesBackOnce(number) && _wentBack.TryAdd(number, true))
            {
                return number % 2 == 0 ? Settlement.Requeue : holds.Hold(TimeSpan.FromMilliseconds(20));
            }

            Acked.Enqueue(number);
            return Settlement.Ack;
        }

        public Task WaitUntilAbleAsync(CancellationToken stopping) => Task.CompletedTask;
    }
}
