using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ReliableMq.Broker.Tls;

/// <summary>The certificates that <see cref="BrokerTlsOptions"/> names.</summary>
/// <param name="Authorities">Whom to trust; null means whom the machine trusts.</param>
/// <param name="Client">What this service shows; null where it shows nothing.</param>
internal sealed record TlsFiles(X509Certificate2Collection? Authorities, X509Certificate2? Client)
{
    public static TlsFiles Load(BrokerTlsOptions options) => new(
        options.CaCertificateFile is { } authorities
            ? Read(nameof(options.CaCertificateFile), authorities, "a PEM file with at least one certificate", ReadAuthorities)
            : null,
        options.ClientCertificateFile is { } client
            ? Read(nameof(options.ClientCertificateFile), client, "a PEM file with its private key in it or in \"ClientKeyFile\", or a PFX file, with the right \"ClientKeyPassword\"", file => ReadClient(file, options))
            : null);

    private static T Read<T>(string option, string file, string needed, Func<string, T> read)
    {
        try
        {
            return read(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException or NotSupportedException)
        {
            throw new ReliableMqException($"\"ReliableMq:Broker:Tls:{option}\" is \"{file}\", which cannot be used: {exception.Message} Give {needed}.", exception);
        }
    }

    private static X509Certificate2Collection ReadAuthorities(string file)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(file);
        return authorities.Count > 0 ? authorities : throw new CryptographicException("It has no certificate.");
    }

    private static X509Certificate2 ReadClient(string file, BrokerTlsOptions options)
    {
        if (options.ClientKeyFile is null && !File.ReadAllText(file).Contains("-----BEGIN", StringComparison.Ordinal))
        {
            var pfx = X509CertificateLoader.LoadPkcs12FromFile(file, options.ClientKeyPassword);
            return pfx.HasPrivateKey ? pfx : throw new CryptographicException("It has no private key.");
        }

        using var pem = options.ClientKeyPassword is { } password
            ? X509Certificate2.CreateFromEncryptedPemFile(file, password, options.ClientKeyFile)
            : X509Certificate2.CreateFromPemFile(file, options.ClientKeyFile);
        // Windows does not take a key that was never in a store.
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), password: null);
    }
}
