using System.Security.Cryptography.X509Certificates;
using RabbitMQ.Client;

namespace ReliableMq.Broker.Tls;

/// <summary>Gives each endpoint a setup of its own, because each has a name of its own to be checked.</summary>
internal static class TlsSetup
{
    public static IReadOnlyList<ServerCertificateCheck> Apply(IEnumerable<AmqpTcpEndpoint> endpoints, BrokerTlsOptions options)
    {
        if (!options.Enabled)
        {
            return [];
        }

        var checks = new List<ServerCertificateCheck>();
        var files = TlsFiles.Load(options);
        foreach (var endpoint in endpoints)
        {
            var serverName = options.ServerName ?? endpoint.HostName;
            var check = new ServerCertificateCheck(serverName, files.Authorities, options.CheckRevocation);
            checks.Add(check);
            endpoint.Ssl = new SslOption
            {
                Enabled = true,
                ServerName = serverName,
                CheckCertificateRevocation = options.CheckRevocation,
                Certs = files.Client is { } client ? new X509CertificateCollection { client } : null,
                CertificateValidationCallback = check.Check,
            };
        }

        return checks;
    }
}
