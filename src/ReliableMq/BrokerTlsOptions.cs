namespace ReliableMq;

/// <summary>Encryption of the connections to RabbitMQ: section <c>ReliableMq:Broker:Tls</c>.</summary>
/// <remarks>The files are read at each connect, so that certificates can be renewed in place.</remarks>
public sealed class BrokerTlsOptions
{
    /// <summary>Whether the connections are encrypted. The port is 5671 then where a host has none.</summary>
    /// <value>Default: false.</value>
    public bool Enabled { get; set; }

    /// <summary>The name that the broker's certificate must be for. It is always checked.</summary>
    /// <value>Default: each host's own name.</value>
    public string? ServerName { get; set; }

    /// <summary>
    /// A PEM file with the root certificates to trust, which replace those of the machine. Intermediate ones
    /// may stand in it too.
    /// </summary>
    /// <value>Default: what the machine trusts.</value>
    public string? CaCertificateFile { get; set; }

    /// <summary>
    /// This service's own certificate, for brokers that ask for one: a PEM file with its key in
    /// <see cref="ClientKeyFile"/> or in the same file, or a PFX file.
    /// </summary>
    /// <value>Default: none.</value>
    public string? ClientCertificateFile { get; set; }

    /// <summary>The PEM file with the private key of <see cref="ClientCertificateFile"/>.</summary>
    /// <value>Default: the key is in the certificate's file.</value>
    public string? ClientKeyFile { get; set; }

    /// <summary>The password of the private key or of the PFX file.</summary>
    /// <value>Default: none.</value>
    public string? ClientKeyPassword { get; set; }

    /// <summary>Whether the broker's certificate is looked up in the revocation lists that it names.</summary>
    /// <value>Default: false.</value>
    public bool CheckRevocation { get; set; }
}
