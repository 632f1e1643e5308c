using RabbitMQ.Client;

namespace ReliableMq.TestSupport;

internal static class BrokerConnections
{
    /// <summary>A connection that stays closed once it is closed, so that tests see what happens.</summary>
    public static Task<IConnection> OpenAsync(
        string host, int port, string virtualHost, string user, string password, string clientName) =>
        new ConnectionFactory
        {
            HostName = host,
            Port = port,
            VirtualHost = virtualHost,
            UserName = user,
            Password = password,
            ClientProvidedName = clientName,
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
        }.CreateConnectionAsync();
}
