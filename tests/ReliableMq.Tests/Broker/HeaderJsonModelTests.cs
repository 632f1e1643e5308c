using RabbitMQ.Client;
using ReliableMq.Broker;

namespace ReliableMq.Tests.Broker;

/// <summary>Random headers such as a hostile sender might make: what can be written can be read.</summary>
public sealed class HeaderJsonModelTests(ITestOutputHelper output)
{
    private static readonly string[] Words = ["", "a", "$bytes", "$binary", "$int", "$table", "$time", "$", "AA==", "1", "ä€😀", "\0\"\\", "x-death"];

    [Theory]
    [MemberData(nameof(Seeds.Few), MemberType = typeof(Seeds))]
    public void Headers_come_back_as_they_were(int seed)
    {
        output.WriteLine($"Seed {seed}.");
        var random = new Random(seed);
        for (var step = 0; step < 1_000; step++)
        {
            var headers = Table(random, depth: 0);

            HeaderText.Of(HeaderJson.Read(HeaderJson.Write(headers)!)).ShouldBe(HeaderText.Of(headers));
        }
    }

    private static object? Value(Random random, int depth) => random.Next(depth > 4 ? 12 : 16) switch
    {
        0 => null,
        1 => random.Next(2) == 0,
        2 => (sbyte)random.Next(),
        3 => (ushort)random.Next(),
        4 => random.Next(int.MinValue, int.MaxValue),
        5 => (uint)random.NextInt64(),
        6 => random.NextInt64(long.MinValue, long.MaxValue),
        7 => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)),
        8 => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)),
        9 => new AmqpTimestamp(random.NextInt64()),
        10 => new BinaryTableValue(Bytes(random)),
        11 => (byte[])[0xFF, .. Bytes(random)],
        12 => Table(random, depth + 1),
        13 => Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, depth + 1)).ToList(),
        _ => Word(random),
    };

    private static Dictionary<string, object?> Table(Random random, int depth)
    {
        var table = new Dictionary<string, object?>();
        for (var count = random.Next(4); count > 0; count--)
        {
            table[Word(random)] = Value(random, depth);
        }

        return table;
    }

    private static string Word(Random random) => Words[random.Next(Words.Length)];

    private static byte[] Bytes(Random random)
    {
        var bytes = new byte[random.Next(6)];
        random.NextBytes(bytes);
        return bytes;
    }
}
