using ReliableMq.TestSupport;

namespace ReliableMq.Tests.Hosting;

public sealed class TlsRulesTests : IDisposable
{
    private static readonly (string, string?) Enabled = ("Broker:Tls:Enabled", "true");

    private readonly TestCertificates _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Certificates_without_TLS_are_told() =>
        Configured.Errors(("Broker:Tls:CaCertificateFile", "ca.pem"), ("Broker:Tls:ServerName", "rabbit")).ShouldBe([
            "\"ReliableMq:Broker:Tls:ServerName\" is set, but \"ReliableMq:Broker:Tls:Enabled\" is not true. Enable TLS, or remove the setting.",
            "\"ReliableMq:Broker:Tls:CaCertificateFile\" is set, but \"ReliableMq:Broker:Tls:Enabled\" is not true. Enable TLS, or remove the setting.",
        ]);

    [Fact]
    public void A_key_without_a_certificate_is_told() =>
        Configured.Errors(Enabled, ("Broker:Tls:ClientKeyFile", _files.ClientKey)).ShouldBe([
            "\"ReliableMq:Broker:Tls\" has a client key but no \"ClientCertificateFile\". Name the certificate that belongs to the key.",
        ]);

    [Fact]
    public void A_file_that_is_not_there_is_told()
    {
        var missing = _files.PathOf("missing.pem");

        Configured.Errors(Enabled, ("Broker:Tls:CaCertificateFile", missing)).ShouldBe([
            $"\"ReliableMq:Broker:Tls:CaCertificateFile\" is \"{missing}\", which cannot be used: Could not find file '{missing}'. Give a PEM file with at least one certificate.",
        ]);
    }

    [Fact]
    public void An_authority_without_a_certificate_is_told() =>
        Configured.Errors(Enabled, ("Broker:Tls:CaCertificateFile", _files.ServerKey)).ShouldBe([
            $"\"ReliableMq:Broker:Tls:CaCertificateFile\" is \"{_files.ServerKey}\", which cannot be used: It has no certificate. Give a PEM file with at least one certificate.",
        ]);

    [Fact]
    public void A_certificate_without_its_key_is_told() => ShouldRefuseClient(("Broker:Tls:ClientCertificateFile", _files.ClientCertificate));

    [Fact]
    public void A_key_of_another_certificate_is_told() =>
        ShouldRefuseClient(("Broker:Tls:ClientCertificateFile", _files.ClientCertificate), ("Broker:Tls:ClientKeyFile", _files.ServerKey));

    [Fact]
    public void A_wrong_password_is_told() =>
        ShouldRefuseClient(("Broker:Tls:ClientCertificateFile", _files.ClientPfx), ("Broker:Tls:ClientKeyPassword", "wrong"));

    [Fact]
    public void A_file_that_is_no_certificate_is_told() =>
        ShouldRefuseClient(("Broker:Tls:ClientCertificateFile", _files.Write("garbage.pfx", "garbage")));

    [Fact]
    public void A_certificate_with_its_key_is_fine_in_every_form()
    {
        var both = _files.Write("both.pem", File.ReadAllText(_files.ClientCertificate) + "\n" + File.ReadAllText(_files.ClientKey));

        ClientErrors(("Broker:Tls:ClientCertificateFile", _files.ClientCertificate), ("Broker:Tls:ClientKeyFile", _files.ClientKey)).ShouldBeEmpty();
        ClientErrors(("Broker:Tls:ClientCertificateFile", both)).ShouldBeEmpty();
        ClientErrors(("Broker:Tls:ClientCertificateFile", _files.ClientPfx), ("Broker:Tls:ClientKeyPassword", TestCertificates.Password)).ShouldBeEmpty();
        ClientErrors(
            ("Broker:Tls:ClientCertificateFile", _files.ClientCertificate), ("Broker:Tls:ClientKeyFile", _files.ClientKeyEncrypted),
            ("Broker:Tls:ClientKeyPassword", TestCertificates.Password)).ShouldBeEmpty();
    }

    private static void ShouldRefuseClient(params (string Key, string? Value)[] settings)
    {
        var error = ClientErrors(settings).ShouldHaveSingleItem();

        // What stands between is the framework's own reason.
        error.ShouldStartWith($"\"ReliableMq:Broker:Tls:ClientCertificateFile\" is \"{settings[0].Value}\", which cannot be used: ");
        error.ShouldEndWith(" Give a PEM file with its private key in it or in \"ClientKeyFile\", or a PFX file, with the right \"ClientKeyPassword\".");
    }

    private static IEnumerable<string> ClientErrors(params (string Key, string? Value)[] settings) =>
        Configured.Errors([Enabled, .. settings]);
}
