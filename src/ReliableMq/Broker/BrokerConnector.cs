using System.Net.Sockets;
using System.Reflection;
using System.Security.Cryptography;
using RabbitMQ.Client;
using ReliableMq.Broker.Tls;

namespace ReliableMq.Broker;

/// <summary>Opens one connection, with the credentials and certificates of this moment.</summary>
internal sealed class BrokerConnector(string purpose, ReliableMqOptions options, IBrokerCredentialsProvider provider)
{
    private static readonly string Version =
        typeof(BrokerConnector).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public async Task<(IConnection Connection, BrokerCredentials Credentials)> ConnectAsync(CancellationToken cancellationToken)
    {
        var broker = options.Broker;
        _ = BrokerEndpoints.TryParse(broker.Hosts, out var endpoints, out _);
        var tls = TlsSetup.Apply(endpoints, broker.Tls);
        var credentials = await provider.GetAsync(cancellationToken);
        var factory = new ConnectionFactory
        {
            // The client's own recovery can lose a consumer silently and swallows stale acks.
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            VirtualHost = broker.VirtualHost,
            UserName = credentials.UserName,
            Password = credentials.Password,
            RequestedHeartbeat = broker.Heartbeat,
            RequestedConnectionTimeout = TimeSpan.FromSeconds(10),
            ContinuationTimeout = TimeSpan.FromSeconds(10),
            ClientProperties =
            {
                ["product"] = "ReliableMq",
                ["version"] = Version,
                ["service"] = options.Service,
                ["host"] = Environment.MachineName,
            },
        };
        try
        {
            return (await factory.CreateConnectionAsync(endpoints, $"{options.Service} {purpose}", cancellationToken), credentials);
        }
        catch (Exception exception) when (tls.Any(check => check.HasAccepted) && CausesOf(exception).All(cause => cause is IOException or SocketException or CryptographicException))
        {
            // With TLS 1.3 a broker looks at the client's certificate when the client believes to be connected. Its
            // answer is a code of the TLS library, or is overtaken by the end of the connection.
            throw new ReliableMqException($"The broker ended the TLS connection: {Describe(exception)}. {(broker.Tls.ClientCertificateFile is null
                ? "If it asks for a client certificate, set \"ReliableMq:Broker:Tls:ClientCertificateFile\"."
                : "See whether it trusts the issuer of \"ReliableMq:Broker:Tls:ClientCertificateFile\", and whether that has expired.")}", exception);
        }
    }

    /// <summary>What an operator needs to know: the cause at each of the hosts, without the errors around it.</summary>
    public static string Describe(Exception exception) =>
        string.Join(" ", CausesOf(exception).Select(cause => cause.Message).Distinct());

    private static IEnumerable<Exception> CausesOf(Exception exception) => exception switch
    {
        ReliableMqException => [exception],
        AggregateException { InnerExceptions.Count: > 0 } several => several.InnerExceptions.SelectMany(CausesOf),
        { InnerException: { } inner } => CausesOf(inner),
        _ => [exception],
    };
}
