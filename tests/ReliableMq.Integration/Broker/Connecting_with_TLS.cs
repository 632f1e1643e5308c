using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Broker;

public class Connecting_with_TLS
{
    [Fact]
    public async Task A_broker_whose_root_is_trusted_is_used_and_any_other_is_refused_with_its_reason()
    {
        using var certificates = new TestCertificates("localhost");
        using var strangers = new TestCertificates();
        await using var rabbit = await PrivateRabbitMq.CreateWithTlsAsync(certificates, mutual: false);
        await using var world = await World.CreateAsync(rabbit.Server);

        await using (var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            Encrypt(setup, "localhost", rabbit.TlsPort, certificates);
        }))
        {
            await service.SaveAsync(new Numbered(1));
            await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
            (await service.HealthAsync()).Entries["reliable-mq-broker"].Description.ShouldBe("Connected to RabbitMQ.");
            await service.StopAsync();
        }

        (await RefusalAsync(world, setup => Encrypt(setup, "localhost", rabbit.TlsPort, strangers))).ShouldStartWith(
            "The broker's certificate \"CN=rabbit\", issued by \"CN=ReliableMq test root\", is not trusted: ");
        (await RefusalAsync(world, setup =>
        {
            Encrypt(setup, "localhost", rabbit.TlsPort, certificates);
            setup.Settings["Broker:Tls:CaCertificateFile"] = null;
        })).ShouldEndWith(" Trust its root with \"ReliableMq:Broker:Tls:CaCertificateFile\", or renew it.");
        (await RefusalAsync(world, setup => Encrypt(setup, "127.0.0.1", rabbit.TlsPort, certificates))).ShouldBe(
            "The broker's certificate is for \"localhost\", not for \"127.0.0.1\". Connect by a name that it is for, or set \"ReliableMq:Broker:Tls:ServerName\" to one.");

        // The name that is checked may be another than the one that is connected to.
        await using var named = await world.StartAsync(setup =>
        {
            Encrypt(setup, "127.0.0.1", rabbit.TlsPort, certificates);
            setup.Settings["Broker:Tls:ServerName"] = "localhost";
        });
        await Eventually.TrueAsync(() => named.Logs.Entries.Any(entry => entry.EventId.Id == 3001), "connected");
    }

    [Fact]
    public async Task A_broker_that_asks_for_a_certificate_gets_it_and_refuses_those_who_have_none()
    {
        using var certificates = new TestCertificates();
        using var strangers = new TestCertificates();
        await using var rabbit = await PrivateRabbitMq.CreateWithTlsAsync(certificates, mutual: true);
        await using var world = await World.CreateAsync(rabbit.Server);

        await using (var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            Encrypt(setup, "localhost", rabbit.TlsPort, certificates);
            setup.Settings["Broker:Tls:ClientCertificateFile"] = certificates.ClientCertificate;
            setup.Settings["Broker:Tls:ClientKeyFile"] = certificates.ClientKey;
        }))
        {
            await service.SaveAsync(new Numbered(1));
            await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
            await service.StopAsync();
        }

        await using (var withPfx = await world.StartAsync(setup =>
        {
            Encrypt(setup, "localhost", rabbit.TlsPort, certificates);
            setup.Settings["Broker:Tls:ClientCertificateFile"] = certificates.ClientPfx;
            setup.Settings["Broker:Tls:ClientKeyPassword"] = TestCertificates.Password;
        }))
        {
            await Eventually.TrueAsync(() => withPfx.Logs.Entries.Any(entry => entry.EventId.Id == 3001), "connected");
            await withPfx.StopAsync();
        }

        var withoutCertificate = await RefusalAsync(world, setup => Encrypt(setup, "localhost", rabbit.TlsPort, certificates));
        withoutCertificate.ShouldStartWith("The broker ended the TLS connection: ");
        withoutCertificate.ShouldEndWith(" If it asks for a client certificate, set \"ReliableMq:Broker:Tls:ClientCertificateFile\".");
        (await RefusalAsync(world, setup =>
        {
            Encrypt(setup, "localhost", rabbit.TlsPort, certificates);
            setup.Settings["Broker:Tls:ClientCertificateFile"] = strangers.ClientPfx;
            setup.Settings["Broker:Tls:ClientKeyPassword"] = TestCertificates.Password;
        })).ShouldEndWith(" See whether it trusts the issuer of \"ReliableMq:Broker:Tls:ClientCertificateFile\", and whether that has expired.");
    }

    private static void Encrypt(TestServiceSetup setup, string host, int port, TestCertificates certificates)
    {
        setup.Settings["Broker:Hosts"] = $"{host}:{port}";
        setup.Settings["Broker:Tls:Enabled"] = "true";
        setup.Settings["Broker:Tls:CaCertificateFile"] = certificates.Authority;
    }

    /// <summary>Why a service does not connect, as health says; its log has the same.</summary>
    private static async Task<string> RefusalAsync(World world, Action<TestServiceSetup> configure)
    {
        await using var service = await world.StartAsync(configure);
        var logged = await Eventually.FoundAsync(() => Task.FromResult(service.Logs.Entries.FirstOrDefault(entry => entry.EventId.Id == 3002)), "log 3002");
        const string Prefix = "No connection to RabbitMQ: ";
        var health = (await service.HealthAsync()).Entries["reliable-mq-broker"].Description!;
        health.ShouldStartWith(Prefix);
        logged.Message.ShouldContain(health[Prefix.Length..]);
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 3001);
        return health[Prefix.Length..];
    }
}
