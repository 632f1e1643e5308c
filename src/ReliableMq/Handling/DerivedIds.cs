using System.Security.Cryptography;
using System.Text;
using ReliableMq.Broker;
using ReliableMq.Failing;
using ReliableMq.Receiving;

namespace ReliableMq.Handling;

/// <summary>
/// Ids for messages that have none of their own: of where a message came from and what it contains, so that every
/// delivery of it has the same one.
/// </summary>
internal static class DerivedIds
{
    public static Delivery Give(Delivery delivery) => delivery with { MessageId = Of(delivery), HasDerivedId = true };

    /// <summary>
    /// For one whose sender does not want messages that look alike to be the same: of its headers, too, so that only a
    /// further delivery of this very copy has the same id.
    /// </summary>
    public static Delivery GiveToCopy(Delivery delivery) => delivery with { MessageId = Of(delivery, HeaderJson.Write(CopyableHeaders.WithoutCounts(delivery.Headers))), HasDerivedId = true };

    /// <param name="delivery">If it has an id after all, it is a part of where it came from.</param>
    /// <param name="further">What else tells it from others.</param>
    private static string Of(Delivery delivery, string? further = null)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in new[] { delivery.Exchange, delivery.RoutingKey, delivery.AppId, delivery.UserId, delivery.MessageId })
        {
            // With its length, so that no two different sources look the same.
            hash.AppendData(Encoding.UTF8.GetBytes($"{part?.Length ?? 0}:{part}"));
        }

        hash.AppendData(delivery.Fingerprint.ToByteArray(bigEndian: true));
        hash.AppendData(Encoding.UTF8.GetBytes(further ?? ""));
        return $"derived-{Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16))}";
    }
}
