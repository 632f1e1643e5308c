using System.Security.Cryptography.X509Certificates;
using RabbitMQ.Client;

namespace ReliableMq.Broker.Tls;

/// <summary>Gives an endpoint a setup of its own, because each has a name of its own to be checked.</summary>
internal static class TlsSetup
{
    public static ServerCertificateCheck Apply(AmqpTcpEndpoint endpoint, BrokerTlsOptions options, TlsFiles files)
    {
        var serverName = options.ServerName ?? endpoint.HostName;
        var check = new ServerCertificateCheck(serverName, files.Authorities, options.CheckRevocation);
        endpoint.Ssl = new SslOption
        {
            Enabled = true,
            ServerName = serverName,
            CheckCertificateRevocation = options.CheckRevocation,
            Certs = files.Client is { } client ? new X509CertificateCollection { client } : null,
            CertificateValidationCallback = check.Check,
        };
        return check;
    }
}
