using ReliableMq.Receiving;

namespace ReliableMq.Failing;

/// <summary>
/// The headers that a further copy of a message keeps. The broker's own record of earlier deaths is left
/// behind: from 4.0 on it ignores it on published messages, and the library counts for itself. So are further
/// receivers that a foreign sender has named, because the broker brings each copy to them as well
/// (https://www.rabbitmq.com/docs/sender-selected).
/// </summary>
internal static class CopyableHeaders
{
    /// <summary>Those of a copy that goes to the queue directly, and still says where the message came from.</summary>
    public static Dictionary<string, object?> Of(Delivery delivery) => Of(delivery.Headers, delivery.Exchange, delivery.RoutingKey);

    /// <summary>The same, of a copy that replaces all deliveries before it.</summary>
    public static Dictionary<string, object?> OfNextEpoch(Delivery delivery) =>
        OfNextEpoch(delivery.Headers, delivery.Exchange, delivery.RoutingKey, delivery.Epoch);

    /// <inheritdoc cref="OfNextEpoch(Delivery)"/>
    public static Dictionary<string, object?> OfNextEpoch(IReadOnlyDictionary<string, object?> headers, string exchange, string routingKey, int epoch)
    {
        var copy = Of(headers, exchange, routingKey);
        copy[MessageHeaders.Epoch] = EpochAfter(epoch);
        return copy;
    }

    /// <summary>Foreign senders may send the largest one, after which there is none.</summary>
    public static int EpochAfter(int epoch) => epoch == int.MaxValue ? epoch : epoch + 1;

    public static Dictionary<string, object?> Of(IReadOnlyDictionary<string, object?> headers, string exchange, string routingKey)
    {
        var copy = Of(headers);
        // Where it came to its queue directly, the headers of a copy still say where it came from at first.
        if (exchange.Length > 0 || !copy.ContainsKey(MessageHeaders.Exchange))
        {
            copy[MessageHeaders.Exchange] = exchange;
            copy[MessageHeaders.RoutingKey] = routingKey;
        }

        return copy;
    }

    public static Dictionary<string, object?> Of(IReadOnlyDictionary<string, object?> headers) => headers
        .Where(header => header.Key != MessageHeaders.PublishSequence && header.Key is not ("CC" or "BCC") && !IsBrokers(header.Key))
        .ToDictionary(header => header.Key, header => header.Value, StringComparer.Ordinal);

    /// <summary>Those that are the same each time a copy is delivered.</summary>
    public static Dictionary<string, object?> WithoutCounts(IReadOnlyDictionary<string, object?> headers) => headers
        .Where(header => !IsCount(header.Key))
        .ToDictionary(header => header.Key, header => header.Value, StringComparer.Ordinal);

    private static bool IsCount(string name) => name is "x-delivery-count" or "x-acquired-count";

    private static bool IsBrokers(string name) =>
        name.StartsWith("x-death", StringComparison.Ordinal)
        || name.StartsWith("x-first-death-", StringComparison.Ordinal)
        || name.StartsWith("x-last-death-", StringComparison.Ordinal)
        || IsCount(name);
}
