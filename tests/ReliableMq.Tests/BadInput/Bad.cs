using System.Globalization;
using System.Text;
using RabbitMQ.Client;

namespace ReliableMq.Tests.BadInput;

/// <summary>What hostile or careless people send and write. The same seed gives the same.</summary>
internal sealed class Bad(int seed)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("RELIABLEMQ_LONG") == "1";

    private static readonly string[] Pieces =
    [
        "", "a", ".", "..", ",", ":", ": ", "x", " ", "\t", "\r\n", "\0", "\uFFFD", "\uD800", "\uDC00", "\uD83D\uDE00", "\u202E", "\uFEFF", "ä", "İ", "0", "-1", "1", "9", "1.5", "1e999", "NaN", "null", "true",
        "ms", "s", "1s", "10m", "99999999h", "s..", "1s..10m x12", "x101", "orders.order-placed.v1", "orders", "#", "*", "rabbit:5672", "[::1]", ":99999", "amqp://", "application/json", "; charset=utf-8",
        "';DROP TABLE outbox;--", "\\", "%", "_", "$1", "{0}", "%s", "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "../..", "$bytes", "$int", "$table", "$", "AA==", "x-death", "CC", "BCC",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "2026-01-01T00:00:00Z", "\"", "{", "}", "[", "]",
    ];

    private static readonly string[] HeaderNames =
    [
        MessageHeaders.Epoch, MessageHeaders.SentAt, MessageHeaders.OrderingKey, MessageHeaders.ExpiresAt, MessageHeaders.Attempt, MessageHeaders.NotBefore, MessageHeaders.FirstFailedAt, MessageHeaders.DeadReason,
        MessageHeaders.DeadAttempts, MessageHeaders.CausationId, MessageHeaders.Exchange, MessageHeaders.RoutingKey, MessageHeaders.TraceParent, MessageHeaders.PublishSequence,
        "x-death", "x-delivery-count", "x-acquired-count", "x-first-death-queue", "x-last-death-reason", "queue", "reason", "exchange", "routing-keys", "$bytes", "$time", "$table", "",
    ];

    private readonly Random _random = new(seed);

    /// <summary>How many cases a test tries: a fiftieth where all tests run, all with RELIABLEMQ_LONG=1.</summary>
    public static int Cases(int whole) => IsLong ? whole : whole / 50;

    public int Next(int below) => _random.Next(below);

    public T One<T>(IReadOnlyList<T> all) => all[_random.Next(all.Count)];

    /// <summary>Any text, half surrogate pairs included.</summary>
    public string Text() => _random.Next(12) switch
    {
        0 => new string('x', 250 + _random.Next(10)),
        1 => string.Concat(Enumerable.Repeat("ä", 125 + _random.Next(6))),
        2 when _random.Next(20) == 0 => new string('y', 100_000),
        3 => _random.NextInt64(long.MinValue, long.MaxValue).ToString(CultureInfo.InvariantCulture),
        _ => string.Concat(Enumerable.Range(0, _random.Next(5)).Select(_ => One(Pieces))),
    };

    public string? TextOrNull() => _random.Next(3) == 0 ? null : Text();

    /// <summary>As the client reads it from the wire: bytes that are no text are U+FFFD.</summary>
    public string Wire() => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(Text()));

    public byte[] Bytes()
    {
        var bytes = new byte[_random.Next(8)];
        _random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Everything that a message can have, as the client hands it over.</summary>
    public BasicProperties Properties()
    {
        var properties = new BasicProperties();
        if (Often())
        {
            properties.MessageId = Wire();
        }

        if (Often())
        {
            properties.Type = Wire();
        }

        if (Often())
        {
            (properties.ContentType, properties.CorrelationId, properties.ReplyTo) = (Wire(), Wire(), Wire());
        }

        if (Often())
        {
            (properties.AppId, properties.UserId) = (Wire(), Wire());
        }

        if (Often())
        {
            properties.Timestamp = new AmqpTimestamp(Number());
        }

        if (Often())
        {
            properties.Priority = (byte)_random.Next(256);
        }

        if (Often())
        {
            properties.Headers = Table(0);
        }

        return properties;

        bool Often() => _random.Next(3) > 0;
    }

    /// <summary>A value of any AMQP type, nested up to far beyond what is sensible.</summary>
    public object? Value(int depth) => _random.Next(depth > 4 ? 17 : 20) switch
    {
        0 => null,
        1 => _random.Next(2) == 0,
        2 => (sbyte)_random.Next(),
        3 => (byte)_random.Next(),
        4 => (short)_random.Next(),
        5 => (ushort)_random.Next(),
        6 => (int)Number(),
        7 => (uint)Number(),
        8 or 9 => Number(),
        10 => BitConverter.Int32BitsToSingle(_random.Next(int.MinValue, int.MaxValue)),
        11 => BitConverter.Int64BitsToDouble(_random.NextInt64(long.MinValue, long.MaxValue)),
        12 => new decimal(_random.Next(), 0, 0, _random.Next(2) == 0, (byte)_random.Next(29)),
        13 => new AmqpTimestamp(Number()),
        14 => new BinaryTableValue(Bytes()),
        15 => (byte[])[0xFF, .. Bytes()],
        16 => Encoding.UTF8.GetBytes(Text()),
        17 => Table(depth + 1),
        18 => Enumerable.Range(0, _random.Next(4)).Select(_ => Value(depth + 1)).ToList(),
        _ => _random.Next(50) == 0 ? Deep(_random.Next(2) == 0 ? 58 + _random.Next(6) : 3000) : Value(depth + 1),
    };

    public Dictionary<string, object?> Table(int depth)
    {
        var table = new Dictionary<string, object?>();
        for (var count = _random.Next(5); count > 0; count--)
        {
            table[_random.Next(3) == 0 ? Wire() : One(HeaderNames)] = Value(depth);
        }

        return table;
    }

    /// <summary>A body: JSON, nearly JSON, or nothing of the kind.</summary>
    public byte[] Body() => _random.Next(12) switch
    {
        0 => [],
        1 => Bytes(),
        2 => [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Json(0))],
        3 => Encoding.Unicode.GetBytes(Json(0)),
        4 => Encoding.UTF8.GetBytes(new string('[', 1 + _random.Next(2000))),
        5 => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"total\":", 1 + _random.Next(200)))),
        6 => Cut(Encoding.UTF8.GetBytes(Json(0))),
        7 when _random.Next(20) == 0 => new byte[1_000_000],
        _ => Encoding.UTF8.GetBytes(Json(0)),
    };

    /// <summary>With duplicate members, numbers of any size, and escapes that are no text.</summary>
    public string Json(int depth) => _random.Next(depth > 3 ? 8 : 12) switch
    {
        0 => "null",
        1 => One(["0", "-0", "1e400", "-1e-400", "79228162514264337593543950336", "00", "1.", "NaN", "9223372036854775808", "0.1"]),
        2 => One(["\"\\ud800\"", "\"\\u0000\"", "\"\\uZZZZ\"", "\"\\", "\"00000000-0000-0000-0000-000000000000\"", "\"\"", "'x'"]),
        3 => $"\"{Text()}\"",
        4 => One(["true", "TRUE", "/* x */", "undefined"]),
        5 or 6 or 7 => $"{{\"orderId\":{One(["\"00000000-0000-0000-0000-000000000000\"", "1", "null", "\"x\""])},\"total\":{One(["1", "1.5", "\"1\"", "1e400", "null", "{}"])}}}",
        8 => $"[{string.Join(',', Enumerable.Range(0, _random.Next(4)).Select(_ => Json(depth + 1)))}]",
        _ => $"{{{string.Join(',', Enumerable.Range(0, _random.Next(5)).Select(_ => $"\"{One(["orderId", "ORDERID", "total", "$type", "$id", "$bytes", "$int", "$time", "$table", "__proto__", "x"])}\":{Json(depth + 1)}"))}}}",
    };

    private byte[] Cut(byte[] whole) => whole[.._random.Next(whole.Length + 1)];

    private object? Deep(int levels)
    {
        var isTable = _random.Next(2) == 0;
        object? value = "deep";
        for (var level = 0; level < levels; level++)
        {
            value = isTable ? new Dictionary<string, object?> { ["x"] = value } : new List<object?> { value };
        }

        return value;
    }

    private long Number() => _random.Next(6) switch
    {
        0 => long.MinValue,
        1 => long.MaxValue,
        2 => int.MaxValue + (long)_random.Next(3) - 1,
        3 => 253_402_300_799_999 + _random.Next(3) - 1,
        4 => _random.Next(-2, 5),
        _ => _random.NextInt64(long.MinValue, long.MaxValue),
    };
}
