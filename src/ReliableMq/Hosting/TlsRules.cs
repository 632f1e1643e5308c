using ReliableMq.Broker.Tls;

namespace ReliableMq.Hosting;

/// <summary>Whether the settings of TLS fit together and their files can be read.</summary>
internal static class TlsRules
{
    public static void Check(BrokerTlsOptions tls, List<string> errors)
    {
        if (!tls.Enabled)
        {
            foreach (var set in Set(tls))
            {
                errors.Add($"\"ReliableMq:Broker:Tls:{set}\" is set, but \"ReliableMq:Broker:Tls:Enabled\" is not true. Enable TLS, or remove the setting.");
            }

            return;
        }

        if (tls.ClientCertificateFile is null && (tls.ClientKeyFile ?? tls.ClientKeyPassword) is not null)
        {
            errors.Add("\"ReliableMq:Broker:Tls\" has a client key but no \"ClientCertificateFile\". Name the certificate that belongs to the key.");
        }

        try
        {
            var files = TlsFiles.Load(tls);
            files.Client?.Dispose();
        }
        catch (ReliableMqException exception)
        {
            errors.Add(exception.Message);
        }
    }

    private static IEnumerable<string> Set(BrokerTlsOptions tls) =>
        new (string Name, object? Value)[]
        {
            (nameof(tls.ServerName), tls.ServerName), (nameof(tls.CaCertificateFile), tls.CaCertificateFile),
            (nameof(tls.ClientCertificateFile), tls.ClientCertificateFile), (nameof(tls.ClientKeyFile), tls.ClientKeyFile),
            (nameof(tls.ClientKeyPassword), tls.ClientKeyPassword),
        }
        .Where(setting => setting.Value is not null).Select(setting => setting.Name);
}
