using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ReliableMq.TestSupport;

/// <summary>
/// A small certificate authority in a folder of its own: a root, a server's certificate for <c>localhost</c> and
/// 127.0.0.1 by default, and a client's.
/// </summary>
public sealed class TestCertificates : IDisposable
{
    /// <summary>Of the encrypted key and the PFX file.</summary>
    public const string Password = "test";

    private static readonly DateTimeOffset From = TimeProvider.System.GetUtcNow().AddDays(-1);
    private static readonly DateTimeOffset To = From.AddDays(30);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("reliablemq-tls-");

    public TestCertificates(params string[] serverNames)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=ReliableMq test root", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        using var root = request.CreateSelfSigned(From, To);
        Write(Authority, root.ExportCertificatePem());

        using var server = Issue(root, "CN=rabbit", "1.3.6.1.5.5.7.3.1", serverNames.Length > 0 ? serverNames : ["localhost", "127.0.0.1"]);
        Write(ServerCertificate, server.ExportCertificatePem());
        Write(ServerKey, server.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());

        using var client = Issue(root, "CN=service", "1.3.6.1.5.5.7.3.2", []);
        Write(ClientCertificate, client.ExportCertificatePem());
        Write(ClientKey, client.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        Write(ClientKeyEncrypted, client.GetECDsaPrivateKey()!.ExportEncryptedPkcs8PrivateKeyPem(
            Password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1_000)));
        File.WriteAllBytes(ClientPfx, client.Export(X509ContentType.Pkcs12, Password));
    }

    public string Authority => PathOf("ca.pem");

    public string ServerCertificate => PathOf("server.pem");

    public string ServerKey => PathOf("server-key.pem");

    public string ClientCertificate => PathOf("client.pem");

    public string ClientKey => PathOf("client-key.pem");

    public string ClientKeyEncrypted => PathOf("client-key-encrypted.pem");

    public string ClientPfx => PathOf("client.pfx");

    public string PathOf(string file) => Path.Combine(_folder.FullName, file);

    /// <summary>Writes another file beside them, and returns where.</summary>
    public string Write(string file, string text)
    {
        File.WriteAllText(PathOf(file), text);
        return PathOf(file);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static X509Certificate2 Issue(X509Certificate2 root, string subject, string purpose, string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        if (names.Length > 0)
        {
            var alternatives = new SubjectAlternativeNameBuilder();
            foreach (var name in names)
            {
                if (IPAddress.TryParse(name, out var address))
                {
                    alternatives.AddIpAddress(address);
                }
                else
                {
                    alternatives.AddDnsName(name);
                }
            }

            request.CertificateExtensions.Add(alternatives.Build());
        }

        using var issued = request.Create(root, From, To, RandomNumberGenerator.GetBytes(12));
        return issued.CopyWithPrivateKey(key);
    }
}
