using System.Collections.Concurrent;
using System.Globalization;
using RabbitMQ.Client;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;

namespace ReliableMq.Integration.Ordering;

/// <summary>A queue with an order as the tests use it: who sends to it, what its handler did, what waits.</summary>
internal static class OrderedQueue
{
    public const string Name = "tests.numbers";

    public static void HandleInOrder(
        this TestServiceSetup setup, QueueOrder order, Func<Numbered, MessageContext, Task>? before = null, string retry = "100ms, 200ms", int? concurrency = null, int prefetch = 0)
    {
        setup.Settings[$"Queues:{Name}:Order"] = order.ToString();
        setup.Handle<Numbered>(Name, async (message, db, context) =>
        {
            if (before is not null)
            {
                await before(message, context);
            }

            db.Effects.Add(new Effect { Number = message.Number, Note = context.OrderingKey ?? "" });
        }, retry, concurrency ?? (order == QueueOrder.ByKey ? 8 : 0), prefetch);
    }

    /// <summary>The first asks for another attempt again and again, and so holds back those behind it.</summary>
    public static Func<Numbered, MessageContext, Task> NumberZeroFailsUntil(Signal mended) => (message, context) =>
    {
        if (message.Number == 0 && !mended.IsSet)
        {
            context.RetryAfter(TimeSpan.FromMilliseconds(200));
        }

        return Task.CompletedTask;
    };

    /// <summary>Publishes to the queue in this order; the message id is key and number. Without a key where it is empty.</summary>
    public static async Task SendAsync(this World world, IEnumerable<(string Key, int Number)> messages)
    {
        foreach (var (key, number) in messages)
        {
            // Confirmed one by one: what a closing channel drops would look like a lost message.
            await world.Broker.PublishAsync("", Name, Body(number), Properties(key, number));
        }
    }

    public static BasicProperties Properties(string key, int number, int epoch = 0) => new()
    {
        MessageId = Id(key, number),
        Type = "tests.numbered.v1",
        ContentType = "application/json",
        DeliveryMode = DeliveryModes.Persistent,
        Headers = key.Length == 0 ? null : new Dictionary<string, object?> { [MessageHeaders.OrderingKey] = key, [MessageHeaders.Epoch] = epoch },
    };

    public static byte[] Body(int number) => System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"number\":{number}}}"));

    public static string Id(string key, int number) => string.Create(CultureInfo.InvariantCulture, $"{key}-{number}");

    /// <summary>The numbers of a key in the order in which they were handled.</summary>
    public static async Task<IEnumerable<int>> EffectsOfAsync(this World world, string key) =>
        await world.Database.QueryAsync<int>("SELECT \"Number\" FROM \"Effects\" WHERE \"Note\" = $1 ORDER BY \"Id\"", key);

    public static Task<long> CountEffectsAsync(this World world) => world.Database.ScalarAsync<long>("SELECT count(*) FROM \"Effects\"");

    /// <summary>Nothing is left behind: no message waits anywhere, and no key is held.</summary>
    public static async Task ShouldHaveLeftNothingAsync(this World world)
    {
        await Eventually.EqualAsync(0, () => world.CountAsync("parked"), "messages parked");
        await Eventually.EqualAsync(0, () => world.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.failure WHERE ordering_key IS NOT NULL"), "keys held");
        await Eventually.EqualAsync(0, () => world.CountAsync("outbox"), "rows left in the outbox");
    }
}

/// <summary>Sees who is in a handler at the same time.</summary>
internal sealed class Overlaps
{
    private readonly ConcurrentDictionary<string, int> _inside = new();
    private int _most;

    /// <summary>Two of the same key at once.</summary>
    public ConcurrentQueue<string> Seen { get; } = new();

    /// <summary>The most keys at once.</summary>
    public int Most => Volatile.Read(ref _most);

    public async Task PassAsync(string key, Func<Task> inside)
    {
        if (_inside.AddOrUpdate(key, 1, (_, count) => count + 1) > 1)
        {
            Seen.Enqueue(key);
        }

        var now = _inside.Count(entry => entry.Value > 0);
        InterlockedMax(now);
        try
        {
            await inside();
        }
        finally
        {
            _inside.AddOrUpdate(key, 0, (_, count) => count - 1);
        }
    }

    private void InterlockedMax(int now)
    {
        for (var most = Most; now > most && Interlocked.CompareExchange(ref _most, now, most) != most; most = Most)
        {
        }
    }
}
