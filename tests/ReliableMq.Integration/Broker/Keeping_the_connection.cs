using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ReliableMq.Broker;
using ReliableMq.Integration.Support;
using ReliableMq.TestSupport;
using Xunit;

namespace ReliableMq.Integration.Broker;

public class Keeping_the_connection
{
    [Fact]
    public async Task A_line_that_is_silent_is_noticed_by_its_missing_heartbeats_and_replaced()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        await using var service = await world.StartAsync(setup =>
        {
            setup.Through(proxy);
            setup.HandleNumbered();
            setup.Settings["Broker:Heartbeat"] = "00:00:01";
            // A missing confirm is not what is to be noticed here.
            setup.Settings["Outbox:Lease"] = "00:10:00";
            setup.Settings["Broker:ConfirmTimeout"] = "00:05:00";
        });
        await service.SaveAsync(new Numbered(1));
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects");

        proxy.OnClientData(_ => ProxyAction.HalfOpen);
        await service.SaveAsync(new Numbered(2));
        await Eventually.TrueAsync(() => service.Logs.Entries.Count(entry => entry.EventId.Id == 3003) >= 2, "both connections are noticed to be dead");
        proxy.OnClientData(null);

        await Eventually.EqualAsync([1, 2], world.EffectsAsync, "effects");
        service.Logs.Entries.Where(entry => entry.EventId.Id == 3003).ShouldAllBe(entry => entry.Message.Contains("No word from the broker for two heartbeats of 1 second(s)."));
    }

    [Fact]
    public async Task A_silent_line_is_given_up_before_the_client_s_own_timer_which_can_end_the_process()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        var connector = ConnectorThrough(proxy, world, TimeProvider.System);
        var connections = await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ => (await connector.ConnectAsync(CancellationToken.None)).Connection));
        try
        {
            foreach (var connection in connections)
            {
                await connection.CreateChannelAsync();
            }

            // Nobody says anything but heartbeats.
            await Consistently.ForAsync(TimeSpan.FromSeconds(5), () => connections.All(connection => connection.IsOpen), "quiet lines stay");
            proxy.DropAnswers = true;
            await Eventually.TrueAsync(() => connections.All(connection => !connection.IsOpen), "silent lines are given up");

            connections.ShouldAllBe(connection => connection.CloseReason!.Exception!.Message == "No word from the broker for two heartbeats of 1 second(s).");
        }
        finally
        {
            await Task.WhenAll(connections.Select(connection => connection.DisposeAsync().AsTask()));
        }
    }

    [Fact]
    public async Task While_the_broker_is_short_of_memory_commits_and_handling_go_on_and_sending_waits()
    {
        await using var rabbit = await PrivateRabbitMq.CreateAsync();
        await using var world = await World.CreateAsync(rabbit.Server);
        var gate = new Gate("the handler");
        await using var service = await world.StartAsync(setup => setup.HandleNumbered(before: async (message, context) =>
        {
            if (message.Number == 1)
            {
                await gate.PassAsync(context.CancellationToken);
            }
        }));
        await service.SaveAsync(new Numbered(0));
        await Eventually.EqualAsync([0], world.EffectsAsync, "effects");
        await service.SaveAsync(new Numbered(1));
        await Eventually.EqualAsync(0, () => world.CountAsync("outbox"), "rows left in the outbox");

        await rabbit.SetMemoryAlarmAsync(true);
        // The broker blocks a connection when it publishes.
        await service.SaveAsync(new Numbered(2));
        await Eventually.TrueAsync(async () => (await BrokerHealthAsync(service)).Status == HealthStatus.Degraded, "health is degraded");
        (await BrokerHealthAsync(service)).Description.ShouldBe("RabbitMQ blocks publishing: low on memory. Messages wait in the database, or in their queues where handlers have none.");
        await service.SaveAsync([.. Enumerable.Range(3, 20).Select(number => new Numbered(number))]);
        (await world.CountAsync("outbox")).ShouldBe(21);
        gate.Open();
        await Eventually.EqualAsync([0, 1], world.EffectsAsync, "effects of what had come before the alarm");
        await Consistently.ForAsync(TimeSpan.FromSeconds(1), async () => await world.CountAsync("outbox") == 21, "nothing leaves");

        await rabbit.SetMemoryAlarmAsync(false);

        await Eventually.EqualAsync(Enumerable.Range(0, 23), world.EffectsAsync, "effects");
        await Eventually.EqualAsync(HealthStatus.Healthy, async () => (await BrokerHealthAsync(service)).Status, "health");
        service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 3003, "the connection stays");
    }

    [Fact]
    public async Task A_broker_that_accepts_and_never_answers_costs_a_commit_no_more_than_no_broker_at_all()
    {
        await using var world = await World.CreateAsync();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;

        var without = await MeasureAsync(world, "127.0.0.1:1");
        var withSilent = await MeasureAsync(world, string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"));

        silent.Pending().ShouldBeTrue("the service has connected");
        withSilent.ShouldBeLessThan(TimeSpan.FromTicks(without.Ticks * 10));
    }

    [Fact]
    public async Task A_dead_host_among_several_is_passed_over()
    {
        await using var world = await World.CreateAsync();
        for (var round = 0; round < 3; round++)
        {
            // They are tried in random order: one dead host among two is met often enough.
            await using var service = await world.StartAsync(setup => setup.Settings["Broker:Hosts"] = $"127.0.0.1:1, {world.Addresses.BrokerHost}, 127.0.0.1:2");
            await service.SaveAsync(new Elsewhere(round));
            await Eventually.TrueAsync(() => service.Logs.Entries.Any(entry => entry.EventId.Id == 3001), "connected");
            service.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 3002);
            await service.StopAsync();
        }
    }

    [Fact]
    public async Task A_host_that_never_answers_is_told_and_left_for_another()
    {
        await using var world = await World.CreateAsync();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var silentHost = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}");
        await using (var service = await world.StartAsync(setup => setup.Settings["Broker:Hosts"] = silentHost))
        {
            await Eventually.TrueAsync(async () => (await BrokerHealthAsync(service)).Description ==
                "No connection to RabbitMQ: No answer within 10 seconds. Is it RabbitMQ, and does it speak AMQP without TLS there?", "the reason in health", TimeSpan.FromMinutes(2));
        }

        await using var other = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Settings["Broker:Hosts"] = $"{silentHost}, {world.Addresses.BrokerHost}, {silentHost}, {silentHost}";
        });
        await other.SaveAsync(new Numbered(1));
        await Eventually.EqualAsync([1], world.EffectsAsync, "effects", TimeSpan.FromMinutes(3));
        other.Logs.Entries.ShouldNotContain(entry => entry.EventId.Id == 3002, "it is left within the same attempt");
    }

    [Fact]
    public async Task An_operator_sees_on_the_broker_whose_connection_it_is()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup => setup.HandleNumbered());

        var connections = await Eventually.FoundAsync(
            async () => (await world.Broker.ListConnectionsAsync()) is { Count: 2 } both && both.All(connection => connection.ClientProperties is not null) ? both : null, "both connections listed");

        connections.Select(connection => connection.UserProvidedName).Order().ShouldBe(["tests consuming", "tests publishing"]);
        foreach (var properties in connections.Select(connection => connection.ClientProperties!))
        {
            properties["product"].GetString().ShouldBe("ReliableMq");
            properties["version"].GetString().ShouldNotBeNullOrEmpty();
            properties["service"].GetString().ShouldBe("tests");
            properties["host"].GetString().ShouldBe(Environment.MachineName);
            properties["connection_name"].GetString().ShouldStartWith("tests ");
        }
    }

    [Fact]
    public async Task The_brokers_version_is_told_once_for_both_connections()
    {
        await using var world = await World.CreateAsync();
        await using var service = await world.StartAsync(setup =>
        {
            setup.HandleNumbered();
            setup.Settings["Broker:MaxMessageBytes"] = "500000000";
        });
        await Eventually.TrueAsync(() => service.Logs.Entries.Count(entry => entry.EventId.Id == 3001) == 2, "both connected");

        service.Logs.Entries.ShouldHaveSingleItem(3008).Message.ShouldContain("a quorum queue declares none");
        service.Logs.Entries.ShouldHaveSingleItem(3009).Message.ShouldStartWith("\"ReliableMq:Broker:MaxMessageBytes\" is 500000000, but RabbitMQ ");
    }

    private static async Task<HealthReportEntry> BrokerHealthAsync(TestService service) => (await service.HealthAsync()).Entries["reliable-mq-broker"];

    /// <summary>The 99th of a hundred commits.</summary>
    private static async Task<TimeSpan> MeasureAsync(World world, string hosts)
    {
        await using var service = await world.StartAsync(setup => setup.Settings["Broker:Hosts"] = hosts);
        (await BrokerHealthAsync(service)).Description!.ShouldStartWith("No connection to RabbitMQ: ");
        var times = new List<TimeSpan>();
        for (var number = -20; number < 100; number++)
        {
            var clock = Stopwatch.StartNew();
            await service.SaveAsync(new Elsewhere(number));
            if (number >= 0)
            {
                times.Add(clock.Elapsed);
            }
        }

        (await BrokerHealthAsync(service)).Status.ShouldBe(HealthStatus.Unhealthy);
        return times.Order().ElementAt(98);
    }

    [Fact]
    public async Task The_client_s_own_timer_gives_up_nothing_any_more()
    {
        await using var world = await World.CreateAsync();
        await using var proxy = await TcpProxy.StartAsync(world.Broker.HostName, world.Broker.Port);
        // Whose own looks never come.
        var connector = ConnectorThrough(proxy, world, new WithoutTimers());
        var (connection, _) = await connector.ConnectAsync(CancellationToken.None);
        await using (connection)
        {
            proxy.DropAnswers = true;

            // The client's would have come after three to four seconds.
            await Consistently.ForAsync(TimeSpan.FromSeconds(6), () => connection.IsOpen, "a silent line that nobody looks at");
            proxy.DropAnswers = false;
        }
    }

    private static BrokerConnector ConnectorThrough(TcpProxy proxy, World world, TimeProvider time) => new(
        "publishing",
        new ReliableMqOptions { Service = "tests", Broker = { Hosts = $"{proxy.Host}:{proxy.Port}", VirtualHost = world.Broker.VirtualHost, Heartbeat = TimeSpan.FromSeconds(1) } },
        new HostCredentials(world.Broker), time);

    private sealed class WithoutTimers : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime, period) is var timer && state is BrokerLine ? new Never(timer) : timer;

        private sealed class Never(ITimer timer) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }
    }

    private sealed class HostCredentials(TestVirtualHost host) : IBrokerCredentialsProvider
    {
        public ValueTask<BrokerCredentials> GetAsync(CancellationToken cancellationToken) => ValueTask.FromResult(new BrokerCredentials(host.UserName, host.Password));
    }
}

file static class LogEntries
{
    public static LogEntry ShouldHaveSingleItem(this IEnumerable<LogEntry> entries, int id) => entries.Where(entry => entry.EventId.Id == id).ShouldHaveSingleItem();
}
