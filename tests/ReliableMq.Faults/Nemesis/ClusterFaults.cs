using ReliableMq.Faults.Running;
using ReliableMq.Faults.Workload;
using ReliableMq.TestSupport;

namespace ReliableMq.Faults.Nemesis;

/// <summary>SIGKILL to the node that leads one of the queues: the other two have to elect another leader.</summary>
internal sealed class KillLeader(int dice) : Fault
{
    private static readonly string[] Queues = [.. Subscribers.Queues];

    private PrivateRabbitMq? _leader;

    public override async Task InjectAsync(Stage stage)
    {
        // Whoever leads when this is tried again is another one.
        _leader ??= await stage.Cluster!.LeaderOfAsync(stage.VirtualHost.VirtualHost, Queues[dice % Queues.Length]);
        await _leader.KillAsync();
    }

    public override Task HealAsync(Stage stage) => _leader!.StartAsync();
}

/// <summary>A partition: one node no longer reaches the other two, and its clients still reach it.</summary>
internal sealed class CutOffNode(int dice) : Fault
{
    public override Task InjectAsync(Stage stage) => stage.Node(dice).CutOffAsync(stage.NodesBut(dice));

    public override Task HealAsync(Stage stage) => stage.Node(dice).LetBackAsync(stage.NodesBut(dice));
}
