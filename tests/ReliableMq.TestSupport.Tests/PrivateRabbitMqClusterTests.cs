using RabbitMQ.Client;
using Xunit;

namespace ReliableMq.TestSupport.Tests;

public sealed class PrivateRabbitMqClusterTests(PrivateRabbitMqClusterTests.OneCluster one) : IClassFixture<PrivateRabbitMqClusterTests.OneCluster>
{
    private const string Queue = "orders";
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(2);

    private readonly PrivateRabbitMqCluster _cluster = one.Cluster;

    [Fact]
    public async Task What_was_confirmed_is_there_when_its_leader_has_died()
    {
        await using var host = await HostWithQueueAsync();
        await host.PublishAsync("", Queue, "kept", new BasicProperties { Persistent = true });
        var leader = await _cluster.LeaderOfAsync(host.VirtualHost, Queue);

        await leader.KillAsync();
        await Eventually.EqualAsync(1, async () => (await host.QueueCountsAsync(Queue)).Ready, "messages without the leader", Long);
        (await _cluster.LeaderOfAsync(host.VirtualHost, Queue)).ShouldNotBe(leader);

        await leader.StartAsync();
        await _cluster.WholeAsync(Long);
    }

    [Fact]
    public async Task A_node_that_is_cut_off_is_out_of_the_others_sight_and_back_when_it_is_let()
    {
        var node = _cluster.Nodes[1];
        var others = _cluster.Nodes.Where(other => other != node).ToList();

        await node.CutOffAsync(others);
        await Eventually.TrueAsync(async () => await PrivateRabbitMqCluster.CountSeenByAsync(others[0]) == 2 && await PrivateRabbitMqCluster.CountSeenByAsync(others[1]) == 2, "one node less", Long);

        await node.LetBackAsync(others);
        await _cluster.WholeAsync(Long);
    }

    [Fact]
    public async Task Without_its_majority_it_confirms_nothing_and_goes_on_when_that_is_back()
    {
        await using var host = await HostWithQueueAsync();
        var majority = new ServerGroup([.. _cluster.Nodes.Skip(1)]);

        await majority.FreezeAsync();
        await using var connection = await BrokerConnections.OpenAsync(host.HostName, _cluster.Nodes[0].Server.Port, host.VirtualHost, host.UserName, host.Password, "test");
        var channel = await ConfirmedChannel.OpenAsync(connection);
        var published = channel.PublishAsync("", Queue, "x"u8.ToArray(), new BasicProperties { Persistent = true });
        await Consistently.ForAsync(TimeSpan.FromSeconds(1), () => !published.IsCompletedSuccessfully, "no confirm");

        await majority.ResumeAsync();
        await _cluster.WholeAsync(Long);
        await Eventually.TrueAsync(async () =>
        {
            await host.PublishAsync("", Queue, "later");
            return true;
        }, "a confirm", Long);
    }

    private async Task<TestVirtualHost> HostWithQueueAsync()
    {
        var host = await TestVirtualHost.CreateAsync(_cluster.Server);
        await host.UseChannelAsync(channel => channel.QueueDeclareAsync(
            Queue, true, false, false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }));
        return host;
    }

    public sealed class OneCluster : IAsyncLifetime
    {
        public PrivateRabbitMqCluster Cluster { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Cluster = await PrivateRabbitMqCluster.CreateAsync();

        public ValueTask DisposeAsync() => Cluster.DisposeAsync();
    }
}
