using Microsoft.Extensions.Options;

namespace ReliableMq.Broker;

/// <summary>The credentials of the configuration as it is now, so that a reloaded one needs no restart.</summary>
internal sealed class ConfiguredCredentials(IOptionsMonitor<ReliableMqOptions> options) : IBrokerCredentialsProvider
{
    public ValueTask<BrokerCredentials> GetAsync(CancellationToken cancellationToken)
    {
        var broker = options.CurrentValue.Broker;
        return ValueTask.FromResult(new BrokerCredentials(broker.UserName, broker.Password));
    }
}
