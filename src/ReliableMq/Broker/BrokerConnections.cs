using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ReliableMq.Broker;

/// <summary>
/// The two connections of a process. They are apart because a broker alarm blocks the publishing one only:
/// handling and settling go on.
/// </summary>
internal sealed class BrokerConnections(
    IOptions<ReliableMqOptions> options, TimeProvider time, ILogger<BrokerConnection> logger) : IAsyncDisposable
{
    public BrokerConnection Publishing { get; } = new("publishing", options.Value, time, logger);

    public BrokerConnection Consuming { get; } = new("consuming", options.Value, time, logger);

    public async ValueTask DisposeAsync()
    {
        await Consuming.DisposeAsync();
        await Publishing.DisposeAsync();
    }
}
