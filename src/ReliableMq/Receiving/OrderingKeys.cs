using System.Security.Cryptography;
using System.Text;

namespace ReliableMq.Receiving;

/// <summary>Which deliveries of a queue have an order among themselves.</summary>
internal static class OrderingKeys
{
    /// <summary>The sequence of the messages without a key, where they have one.</summary>
    public const string NoKey = "";

    private const int Longest = 255;

    /// <summary>The key that the delivery holds back when it fails; null where it has no order.</summary>
    public static string? Of(Delivery delivery, QueueOrder order) => order switch
    {
        QueueOrder.None => null,
        _ when delivery.OrderingKey is { Length: > 0 } key => key.Length <= Longest ? key : Short(key),
        QueueOrder.OneAtATime => NoKey,
        _ => null,
    };

    /// <summary>What runs one after the other in this process; null runs at any time.</summary>
    public static string? TurnOf(Delivery delivery, QueueOrder order) =>
        order == QueueOrder.OneAtATime ? NoKey : Of(delivery, order);

    /// <summary>A foreign sender's key may be longer than an index takes.</summary>
    private static string Short(string key) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))}";
}
