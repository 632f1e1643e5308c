using System.Globalization;
using System.Text;
using RabbitMQ.Client;

namespace ReliableMq.Broker;

/// <summary>What a version of RabbitMQ brings and lacks, as far as messages are concerned.</summary>
/// <remarks>By https://www.rabbitmq.com/release-information and its release notes.</remarks>
internal sealed class BrokerVersion(string text)
{
    public static readonly Version Oldest = new(3, 10);

    private readonly Version? _number = Version.TryParse(text.Split('-', '+')[0], out var number) ? number : null;

    public override string ToString() => text;

    /// <summary>A version that cannot be read is not refused for that.</summary>
    public bool IsTooOld => _number is not null && _number < Oldest;

    /// <summary>The broker's <c>max_message_size</c> where nobody has changed it; null for an unknown version.</summary>
    public int? DefaultMaxMessageBytes => _number is null ? null : _number.Major >= 4 ? 16 * 1024 * 1024 : 128 * 1024 * 1024;

    /// <summary>Whether a quorum queue can keep back what is returned to it.</summary>
    public bool DelaysReturns => _number >= DelayedRetrySince;

    public static readonly Version DelayedRetrySince = new(4, 3);

    /// <summary>
    /// Whether a binding that is made while its exchange is being deleted stays behind: with the exchange declared again it
    /// is listed, and binding again changes nothing, but it leads nowhere (seen on 4.3.6; what routes is made of a binding
    /// when that is written, if the exchange is there). Written again, it leads there; before 4.3 it may not.
    /// </summary>
    public bool MayKeepDeadBindings => _number >= new Version(4, 3);

    public string Traits => _number is null ? "an unknown version" : string.Join(", ", TraitsOf(_number));

    private IEnumerable<string> TraitsOf(Version number)
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"messages up to {DefaultMaxMessageBytes / 1024 / 1024} MiB by default");
        yield return number.Major >= 4
            ? "a delivery limit of 20 where a quorum queue declares none"
            : "no delivery limit where a quorum queue declares none";
        if (number < new Version(3, 12))
        {
            yield return "at-least-once dead-lettering only with the feature flag \"stream_queue\" enabled";
        }

        yield return number >= DelayedRetrySince ? "native delayed retry of quorum queues" : "no native delayed retry";
    }

    public static BrokerVersion Of(IConnection connection) => new(
        connection.ServerProperties is { } properties && properties.TryGetValue("version", out var version) && version is byte[] bytes
            ? Encoding.UTF8.GetString(bytes)
            : "unknown");
}
