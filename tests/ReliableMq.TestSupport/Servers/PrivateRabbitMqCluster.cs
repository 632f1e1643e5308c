namespace ReliableMq.TestSupport;

/// <summary>
/// Three RabbitMQ nodes of one test's own that form a cluster, with HAProxy before them. A node that sees no majority
/// pauses (pause_minority; where RabbitMQ keeps its metadata in Khepri, from 4.2 on, it has no such setting any more).
/// </summary>
public sealed class PrivateRabbitMqCluster : IAsyncDisposable
{
    private static readonly TimeSpan UntilAnswer = TimeSpan.FromSeconds(5);

    private readonly List<PrivateRabbitMq> _nodes = [];
    private PrivateHaProxy? _balancer;

    private PrivateRabbitMqCluster()
    {
    }

    public IReadOnlyList<PrivateRabbitMq> Nodes => _nodes;

    /// <summary>The cluster by way of HAProxy, for <see cref="TestVirtualHost.CreateAsync"/>.</summary>
    public RabbitMqServer Server => _nodes[0].Server with { Port = _balancer!.Port, Management = new Uri(FormattableString.Invariant($"http://127.0.0.1:{_balancer.ManagementPort}")) };

    /// <summary>Starts one; returns when each node sees the others.</summary>
    /// <param name="version">3.10, 4.0 or 4.3, as for a single one.</param>
    public static async Task<PrivateRabbitMqCluster> CreateAsync(string? version = null)
    {
        var cluster = new PrivateRabbitMqCluster();
        try
        {
            await cluster.StartAsync(version);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The node that leads a quorum queue now.</summary>
    public async Task<PrivateRabbitMq> LeaderOfAsync(string virtualHost, string queue)
    {
        using var management = new ManagementApi(Server);
        var leader = (await management.GetAsync<QuorumQueue>($"queues/{virtualHost}/{Uri.EscapeDataString(queue)}")).Leader;
        return _nodes.FirstOrDefault(node => node.Node == leader)
            ?? throw new InvalidOperationException($"The queue '{queue}' is led by '{leader}', which is no node of this cluster.");
    }

    /// <summary>
    /// Waits until each node sees all of them, and makes a change with them: a virtual host that is made while one of them
    /// comes back may never be answered (seen on 3.10), though the next one is at once.
    /// </summary>
    /// <param name="timeout">For each of the two; default: 30 s.</param>
    public async Task WholeAsync(TimeSpan? timeout = null)
    {
        await Eventually.TrueAsync(
            async () => (await Task.WhenAll(_nodes.Select(CountSeenByAsync))).All(seen => seen == _nodes.Count), "every node sees the others", timeout);
        foreach (var node in _nodes)
        {
            await Eventually.TrueAsync(() => ChangesAsync(node), $"{node.Node} makes a change", timeout);
        }
    }

    private static async Task<bool> ChangesAsync(PrivateRabbitMq node)
    {
        using var management = new ManagementApi(node.Server);
        var path = $"vhosts/whole-{Some.Id()}";
        await management.PutAsync(path, new { }).WaitAsync(UntilAnswer, TimeProvider.System);
        await management.DeleteAsync(path).WaitAsync(UntilAnswer, TimeProvider.System);
        return true;
    }

    /// <summary>How many nodes one of them sees, itself included.</summary>
    public static async Task<int> CountSeenByAsync(PrivateRabbitMq node)
    {
        using var management = new ManagementApi(node.Server);
        return (await management.GetAsync<List<ClusterNode>>("nodes")).Count(other => other.Running);
    }

    public async ValueTask DisposeAsync()
    {
        await (_balancer?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Task.WhenAll(_nodes.Select(node => node.DisposeAsync().AsTask()));
    }

    private async Task StartAsync(string? version)
    {
        var name = $"test-{Environment.ProcessId}-{Some.Id()}";
        _nodes.Add(await NodeAsync("node1"));
        _nodes.AddRange(await Task.WhenAll(NodeAsync("node2"), NodeAsync("node3")));
        _balancer = await PrivateHaProxy.CreateAsync([.. _nodes.Select(node => node.Server)]);
        await WholeAsync(TimeSpan.FromMinutes(2));

        Task<PrivateRabbitMq> NodeAsync(string node) => PrivateRabbitMq.CreateAsync(version, $"{name}.{node}");
    }

    private sealed record QuorumQueue(string? Leader);

    private sealed record ClusterNode(bool Running);
}
