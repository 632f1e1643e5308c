using System.Collections;
using System.Globalization;
using System.Text;

namespace ReliableMq.Broker;

/// <summary>
/// How many bytes headers take in a frame (https://www.rabbitmq.com/amqp-0-9-1-errata, section 3). All properties of a
/// message share one of 128 KiB, and the broker closes the connection over more.
/// </summary>
internal static class HeaderSize
{
    /// <summary>Leaves room for the other properties, and for what this library adds.</summary>
    public const int Max = 96 * 1024;

    public static int Of(IEnumerable<KeyValuePair<string, object?>> table) => 4 + table.Sum(header => 1 + Encoding.UTF8.GetByteCount(header.Key) + OfValue(header.Value));

    private static int OfValue(object? value) => 1 + value switch
    {
        null => 0,
        string text => 4 + Encoding.UTF8.GetByteCount(text),
        byte[] bytes => 4 + bytes.Length,
        RabbitMQ.Client.BinaryTableValue binary => 4 + binary.Bytes.Length,
        IEnumerable<KeyValuePair<string, object?>> table => Of(table),
        IDictionary table => 4 + table.Cast<DictionaryEntry>().Sum(entry => 1 + Encoding.UTF8.GetByteCount(Convert.ToString(entry.Key, CultureInfo.InvariantCulture)!) + OfValue(entry.Value)),
        IEnumerable list => 4 + list.Cast<object?>().Sum(OfValue),
        // Numbers, flags and times.
        _ => 8,
    };
}
