using Microsoft.Extensions.Logging;
using ReliableMq.Diagnostics;

namespace ReliableMq.Broker;

/// <summary>Says once what the broker's version means, and again when it has changed.</summary>
internal sealed class VersionNotice(BrokerOptions options, ILogger logger)
{
    private string? _told;

    public void Tell(BrokerVersion version)
    {
        if (version.IsTooOld)
        {
            throw new ReliableMqException($"RabbitMQ \"{version}\" is too old: ReliableMq needs {BrokerVersion.Oldest} or later. Upgrade the broker.");
        }

        if (Interlocked.Exchange(ref _told, version.ToString()) == version.ToString())
        {
            return;
        }

        LogMessages.BrokerTraits(logger, version.ToString(), version.Traits);
        if (options.MaxMessageBytes > version.DefaultMaxMessageBytes)
        {
            LogMessages.MaxMessageBytesAboveDefault(logger, options.MaxMessageBytes, version.ToString(), version.DefaultMaxMessageBytes.Value);
        }
    }
}
