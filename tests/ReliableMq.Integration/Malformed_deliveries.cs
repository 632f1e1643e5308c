using System.Globalization;
using System.Text;
using RabbitMQ.Client;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration;

/// <summary>Deliveries made at random, from a seed that a failure tells; <c>RELIABLEMQ_SEED</c> repeats it.</summary>
public class Malformed_deliveries
{
    private const string Queue = "tests.numbers", DeadLetterQueue = "tests.numbers.dead";

    [Fact]
    public async Task None_stops_the_consumer_none_loops_and_each_is_accounted_for()
    {
        var count = Runs.Long(10_000, 600);
        var seed = Environment.GetEnvironmentVariable("RELIABLEMQ_SEED") is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        var random = new Random(seed);
        var told = $"seed {seed}";
        await using var world = await World.CreateAsync();
        var runs = 0;
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(retry: "10ms", before: (message, _) =>
        {
            Interlocked.Increment(ref runs);
            return message.Number % 7 == 0 ? throw new InvalidOperationException(message.Text) : Task.CompletedTask;
        }));
        await service.ConsumingAsync();
        var named = new List<string>();
        var nameless = 0;
        await world.Broker.UseChannelAsync(async channel =>
        {
            for (var number = 0; number < count; number++)
            {
                var properties = PropertiesOf(random, number);
                if (string.IsNullOrEmpty(properties.MessageId) || properties.MessageId.AsSpan().ContainsAny('\0', '\uFFFD'))
                {
                    nameless++;
                }
                else
                {
                    named.Add(properties.MessageId);
                }

                await channel.BasicPublishAsync("", Queue, mandatory: false, properties, BodyOf(random));
            }
        });

        await Eventually.EqualAsync((long)count, async () => await world.Database.ScalarAsync<long>(
            """
            SELECT count(DISTINCT message_id) FROM (
                SELECT message_id FROM reliable_mq.inbox UNION ALL
                SELECT message_id FROM reliable_mq.dead_letter UNION ALL
                SELECT message_id FROM reliable_mq.failure) AS known
            """), $"accounted for, {told}", TimeSpan.FromMinutes(15));

        var known = (await world.Database.QueryAsync<string>("SELECT message_id FROM reliable_mq.inbox UNION SELECT message_id FROM reliable_mq.dead_letter UNION SELECT message_id FROM reliable_mq.failure")).ToHashSet();
        named.Where(id => !known.Contains(id)).ShouldBeEmpty(told);
        known.Count(id => id.StartsWith("no-id-", StringComparison.Ordinal) || id.StartsWith("derived-", StringComparison.Ordinal)).ShouldBe(nameless, told);
        await service.SaveAsync(new Numbered(1_000_001));
        await Eventually.TrueAsync(async () => (await world.EffectsAsync()).Contains(1_000_001), $"the consumer goes on, {told}", TimeSpan.FromMinutes(2));
        await Eventually.EqualAsync(0u, () => world.ReadyAsync(DeadLetterQueue), $"dead letters are taken, {told}", TimeSpan.FromMinutes(5));
        // What is deferred is held, and back in the queue when the service stops: each has a failure that says so.
        // The broker brings its copies of dead letters in its own time, so that some may come when the monitor has stopped.
        await world.ShouldHaveSettledAllAsync(service);
        ((long)await world.ReadyAsync(Queue)).ShouldBeLessThanOrEqualTo(await world.Database.ScalarAsync<long>("SELECT count(*) FROM reliable_mq.failure WHERE state IN ('failing', 'scheduled')"), told);
        runs.ShouldBeLessThanOrEqualTo(2 * count + 2, told);
        service.Logs.Entries.Count.ShouldBeLessThan(10 * count, $"nothing loops hot, {told}");
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 7003, told);
    }

    private static BasicProperties PropertiesOf(Random random, int number)
    {
        var properties = new BasicProperties
        {
            MessageId = random.Next(12) switch
            {
                0 => null,
                1 => $"\0{number}",
                2 => $"{number}\uFFFD",
                3 => $"{number}-" + new string('ä', 120),
                4 => $"{number}-'\"\\%s{{}}😀\r\n",
                _ => $"m-{number}",
            },
            Headers = random.Next(4) == 0 ? null : TableOf(random, depth: 0),
        };
        if (random.Next(4) > 0)
        {
            properties.Type = random.Next(5) switch { 0 => "tests.unknown.v1", 1 => new string('x', 255), 2 => TextOf(random), _ => "tests.numbered.v1" };
        }

        if (random.Next(4) > 0)
        {
            properties.ContentType = random.Next(6) switch { 0 => "application/xml", 1 => "application/json; charset=utf-16", 2 => TextOf(random), 3 => "", _ => "application/json" };
        }

        properties.CorrelationId = TextOf(random);
        properties.ReplyTo = TextOf(random);
        properties.AppId = TextOf(random);
        properties.ContentEncoding = TextOf(random);
        properties.Priority = (byte)random.Next(256);
        properties.Timestamp = new AmqpTimestamp(random.Next(3) switch { 0 => long.MaxValue, 1 => 0, _ => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() });
        if (random.Next(20) == 0)
        {
            properties.Expiration = "0";
        }

        return properties;
    }

    private static Dictionary<string, object?> TableOf(Random random, int depth)
    {
        string[] own = ["epoch", "attempt", "not-before", "sent-at", "expires-at", "ordering-key", "causation-id", "exchange", "routing-key", "publish"];
        // Never x-death: on 3.10 one entry of it that is no table ends the process that dead-letters at least once, and with
        // it all such queues of the whole node, until that is started again. No test may do this to a server of others.
        string[] brokers = ["x-first-death-queue", "x-delivery-count", "traceparent", "CC", ""];
        var table = new Dictionary<string, object?>();
        for (var entries = random.Next(random.Next(30) == 0 ? 400 : 6); entries > 0; entries--)
        {
            var name = random.Next(4) switch { 0 => "x-reliable-mq-" + own[random.Next(own.Length)], 1 => brokers[random.Next(brokers.Length)], 2 => $"h-{random.Next(1_000)}", _ => "$" + TextOf(random) };
            // The broker itself reads CC, and refuses what is no list of texts.
            table[name] = name == "CC" ? new List<object?>() : ValueOf(random, depth);
        }

        return table;
    }

    private static object? ValueOf(Random random, int depth) => random.Next(depth > 8 ? 16 : 19) switch
    {
        0 => null,
        1 => random.Next(2) == 0,
        2 => (sbyte)random.Next(-128, 128),
        3 => (byte)random.Next(256),
        4 => (short)random.Next(short.MinValue, short.MaxValue),
        5 => random.Next(int.MinValue, int.MaxValue),
        6 => random.Next(3) switch { 0 => int.MaxValue, 1 => -1, _ => random.Next(4) },
        7 => (uint)random.NextInt64(uint.MaxValue),
        8 => random.NextInt64(long.MinValue, long.MaxValue),
        9 => (float)random.NextDouble(),
        // A NaN ends the connection of its sender on the broker's side.
        10 => random.NextDouble() * double.MaxValue,
        11 => (decimal)random.Next(),
        12 => new AmqpTimestamp(random.NextInt64(0, 253_402_300_799)),
        13 => TextOf(random),
        14 => Bytes(random, random.Next(50)),
        15 => new BinaryTableValue(Bytes(random, random.Next(50))),
        16 => Enumerable.Range(0, random.Next(4)).Select(_ => ValueOf(random, depth + 1)).ToList(),
        _ => TableOf(random, depth + 1),
    };

    private static string TextOf(Random random) => random.Next(6) switch
    {
        0 => "",
        1 => "a\0b",
        2 => new string('ä', random.Next(100)),
        3 => "'; DROP TABLE reliable_mq.outbox; --",
        4 => string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => (char)random.Next(1, 0xD800))),
        _ => $"t{random.Next()}",
    };

    private static byte[] BodyOf(Random random) => random.Next(12) switch
    {
        0 => [],
        1 => Bytes(random, random.Next(2_000)),
        2 => Encoding.UTF8.GetBytes(new string('[', random.Next(20_000))),
        3 => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"number\":", random.Next(5_000)))),
        4 => "null"u8.ToArray(),
        5 => "{\"number\":99999999999999999999}"u8.ToArray(),
        6 => "{\"number\":3,\"text\":\"\\ud800\"}"u8.ToArray(),
        7 => "{\"number\":7,\"text\":\"a\\u0000b\"}"u8.ToArray(),
        8 => [0xEF, 0xBB, 0xBF, .. "{\"number\":5}"u8],
        9 => [.. "{\"number\":6,\"text\":\""u8, 0xFF, 0xFE, .. "\"}"u8],
        _ => Encoding.UTF8.GetBytes($"{{\"number\":{random.Next(1_000)}}}"),
    };

    private static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
