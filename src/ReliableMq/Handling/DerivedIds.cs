using System.Security.Cryptography;
using System.Text;
using ReliableMq.Receiving;

namespace ReliableMq.Handling;

/// <summary>
/// Ids for messages that have none of their own: of where a message came from and what it contains, so that every
/// delivery of it has the same one.
/// </summary>
internal static class DerivedIds
{
    public static Delivery Give(Delivery delivery) => delivery with { MessageId = Of(delivery), HasDerivedId = true };

    /// <param name="delivery">If it has an id after all, it is a part of where it came from.</param>
    private static string Of(Delivery delivery)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in new[] { delivery.Exchange, delivery.RoutingKey, delivery.AppId, delivery.UserId, delivery.MessageId })
        {
            // With its length, so that no two different sources look the same.
            hash.AppendData(Encoding.UTF8.GetBytes($"{part?.Length ?? 0}:{part}"));
        }

        hash.AppendData(delivery.Fingerprint.ToByteArray(bigEndian: true));
        return $"derived-{Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16))}";
    }
}
