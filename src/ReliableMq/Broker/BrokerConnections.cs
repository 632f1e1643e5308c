using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ReliableMq.Diagnostics;

namespace ReliableMq.Broker;

/// <summary>
/// The two connections of a process. They are apart because a broker alarm blocks the publishing one only:
/// handling and settling go on.
/// </summary>
internal sealed class BrokerConnections : IAsyncDisposable
{
    public BrokerConnections(IOptions<ReliableMqOptions> options, IBrokerCredentialsProvider credentials, TimeProvider time, QuietLogger<BrokerConnection> logger)
    {
        var version = new VersionNotice(options.Value.Broker, logger);
        Publishing = Create("publishing");
        Consuming = Create("consuming");

        BrokerConnection Create(string purpose) => new(
            purpose, options.Value.Broker.Hosts, new BrokerConnector(purpose, options.Value, credentials, time),
            new SecretRefresh(purpose, credentials, time, logger), version, time, logger);
    }

    public BrokerConnection Publishing { get; }

    public BrokerConnection Consuming { get; }

    public async ValueTask DisposeAsync()
    {
        await Consuming.DisposeAsync();
        await Publishing.DisposeAsync();
    }
}
