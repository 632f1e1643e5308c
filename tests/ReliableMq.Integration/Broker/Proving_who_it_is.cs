using System.Globalization;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ReliableMq.Broker;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Broker;

public class Proving_who_it_is
{
    [Fact]
    public async Task Revoked_credentials_are_told_with_the_brokers_reason_and_work_again_when_they_are_given_back()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.SaveAsync(new Numbered(1));
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");

        await world.Broker.RevokeCredentialsAsync();
        await service.SaveAsync(new Numbered(2));
        await Eventually.TrueAsync(async () => await BrokerHealthAsync(service) is { Status: HealthStatus.Unhealthy, Description: var text }
            && text!.StartsWith("No connection to RabbitMQ: ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.", StringComparison.Ordinal), "the reason in health");

        await world.Broker.RestoreCredentialsAsync();
        await Eventually.EqualAsync([1, 2], world.EffectsAsync, "effects");
        await Eventually.EqualAsync(HealthStatus.Healthy, async () => (await BrokerHealthAsync(service)).Status, "health");
    }

    [Fact]
    public async Task A_right_to_the_virtual_host_that_is_taken_away_is_told_and_its_return_is_noticed()
    {
        await using var world = await World.CreateAsync();
        await world.Broker.AllowAsync(false);
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.SaveAsync(new Numbered(1));
        await Eventually.TrueAsync(async () => (await BrokerHealthAsync(service)).Description!.Contains($"access to vhost '{world.Broker.VirtualHost}' refused for user", StringComparison.Ordinal), "the reason in health");

        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 3001);
        service.Logs.Entries.ShouldContain(entry => entry.EventId.Id == 3002);

        await world.Broker.AllowAsync(true);

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task A_password_that_is_changed_on_both_sides_is_used_without_a_restart()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());
        await service.SaveAsync(new Numbered(1));
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");

        var configuration = (IConfigurationRoot)service.Host.Services.GetRequiredService<IConfiguration>();
        configuration["ReliableMq:Broker:Password"] = "rotated";
        configuration.Reload();
        await world.Broker.ChangePasswordAsync("rotated");
        await Eventually.TrueAsync(async () =>
        {
            await world.Broker.CloseAllConnectionsAsync();
            return service.Logs.Entries.Count(entry => entry.EventId.Id == 3003) >= 2;
        }, "both connections lost");
        await service.SaveAsync(new Numbered(2));

        await Eventually.EqualAsync([1, 2], world.EffectsAsync, "effects");
    }

    [Fact]
    public async Task A_token_is_refreshed_on_the_open_connection_before_it_expires_and_again_after_a_failure()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        var seen = new Signal("the second refresh on the line");
        proxy.OnClientData(chunk =>
        {
            if (chunk.Span.IndexOf("fresh token 3"u8) >= 0)
            {
                seen.Set();
            }

            return ProxyAction.Forward;
        });
        var provider = new Tokens(world.Broker.UserName, world.Broker.Password);
        await using var service = await world.StartAsync(setup =>
        {
            setup.Through(proxy);
            setup.Services = services => services.AddSingleton<IBrokerCredentialsProvider>(provider);
        });

        // The first is for the connect, the second fails.
        await seen.WaitAsync();
        await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 3010), "refreshed");
        service.Logs.Entries.Single(entry => entry.EventId.Id == 3011).Message.ShouldContain("could not be refreshed: the identity provider is away It is tried again");
        service.Logs.Entries.Count(entry => entry.EventId.Id == 3001).ShouldBe(1, "the connection stays");
        await service.SaveAsync(new Elsewhere(1));
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 3003);
    }

    [Fact]
    public async Task A_provider_that_fails_at_the_connect_is_asked_again()
    {
        await using var world = await World.CreateAsync();
        var provider = new Tokens(world.Broker.UserName, world.Broker.Password, failing: 1);
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Services = services => services.AddSingleton<IBrokerCredentialsProvider>(provider);
        });
        await service.SaveAsync(new Numbered(1));

        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");
        service.Logs.Entries.ShouldContain(entry => entry.EventId.Id == 3002 && entry.Message.Contains("the identity provider is away", StringComparison.Ordinal));
    }

    private static async Task<HealthReportEntry> BrokerHealthAsync(TestService service) => (await service.HealthAsync()).Entries["reliable-mq-broker"];

    /// <summary>Tokens that last two seconds; the broker takes any for a user whose password was right.</summary>
    [Fact]
    public async Task A_provider_that_hangs_is_told_and_asked_again()
    {
        var connector = new BrokerConnector("publishing", new ReliableMqOptions { Service = "tests", Broker = { Hosts = "127.0.0.1" } }, new Hanging(), TimeProvider.System);

        (await Should.ThrowAsync<ReliableMqException>(() => connector.ConnectAsync(CancellationToken.None))).Message.ShouldBe(
            "The credentials provider Hanging gave none within 10 seconds. Look at what it asks.");
    }

    private sealed class Hanging : IBrokerCredentialsProvider
    {
        public ValueTask<BrokerCredentials> GetAsync(CancellationToken cancellationToken) => new(new TaskCompletionSource<BrokerCredentials>().Task);
    }

    private sealed class Tokens(string user, string password, int failing = 2) : IBrokerCredentialsProvider
    {
        private int _asked;

        public ValueTask<BrokerCredentials> GetAsync(CancellationToken cancellationToken)
        {
            var number = Interlocked.Increment(ref _asked);
            if (number == failing)
            {
                throw new InvalidOperationException("the identity provider is away");
            }

            return ValueTask.FromResult(new BrokerCredentials(
                user, failing == 1 || number == 1 ? password : string.Create(CultureInfo.InvariantCulture, $"fresh token {number}"),
                failing == 1 ? null : TimeProvider.System.GetUtcNow().AddSeconds(2)));
        }
    }
}
