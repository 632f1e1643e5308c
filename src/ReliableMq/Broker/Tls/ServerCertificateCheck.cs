using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ReliableMq.Broker.Tls;

/// <summary>
/// Whether the certificate that a broker shows is good, and if not, what an operator needs to know. The refusal
/// is thrown, because the framework's own error names neither the expected name nor the one that was found.
/// </summary>
internal sealed class ServerCertificateCheck(string serverName, X509Certificate2Collection? authorities, bool checkRevocation)
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");

    public bool HasAccepted { get; private set; }

    public bool Check(object sender, X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors)
    {
        if (shown is not X509Certificate2 certificate || chain is null)
        {
            throw new AuthenticationException("The broker shows no certificate.");
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            throw new AuthenticationException(
                $"The broker's certificate is for {NamesOf(certificate)}, not for \"{serverName}\". Connect by a name that it is for, or set \"ReliableMq:Broker:Tls:ServerName\" to one.");
        }

        if (Distrust(certificate, chain, errors) is { } reasons)
        {
            throw new AuthenticationException(
                $"The broker's certificate \"{certificate.Subject}\", issued by \"{certificate.Issuer}\", is not trusted: {reasons} Trust its root with \"ReliableMq:Broker:Tls:CaCertificateFile\", or renew it.");
        }

        return HasAccepted = true;
    }

    private string? Distrust(X509Certificate2 certificate, X509Chain chain, SslPolicyErrors errors)
    {
        if (authorities is null)
        {
            return errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) ? ReasonsOf(chain) : null;
        }

        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(authorities);
        own.ChainPolicy.ExtraStore.AddRange(authorities);
        own.ChainPolicy.ExtraStore.AddRange(chain.ChainElements.Select(element => element.Certificate).ToArray());
        own.ChainPolicy.ApplicationPolicy.Add(ServerAuthentication);
        own.ChainPolicy.RevocationMode = checkRevocation ? X509RevocationMode.Online : X509RevocationMode.NoCheck;
        return own.Build(certificate) ? null : ReasonsOf(own);
    }

    private static string ReasonsOf(X509Chain chain) =>
        string.Join(" ", chain.ChainStatus.Select(status => $"{status.Status}: {status.StatusInformation.TrimEnd('.', ' ', '\r', '\n')}.").Distinct());

    private static string NamesOf(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(names => names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(address => address.ToString())))
            .ToList();
        return names.Count == 0 ? $"\"{certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false)}\"" : string.Join(", ", names.Select(name => $"\"{name}\""));
    }
}
