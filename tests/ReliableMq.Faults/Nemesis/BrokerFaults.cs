using RabbitMQ.Client;
using ReliableMq.Faults.Running;
using ReliableMq.Faults.Workload;

namespace ReliableMq.Faults.Nemesis;

/// <summary>The broker blocks publishers for lack of memory, also those of other nodes. Longer than a lease at times.</summary>
internal sealed class MemoryAlarm(int dice) : Fault
{
    public override Task InjectAsync(Stage stage) => stage.Node(dice).SetMemoryAlarmAsync(true);

    public override Task HealAsync(Stage stage) => stage.Node(dice).SetMemoryAlarmAsync(false);
}

/// <summary>The broker blocks publishers for lack of disk, also those of other nodes.</summary>
internal sealed class DiskAlarm(int dice) : Fault
{
    public override Task InjectAsync(Stage stage) => stage.Node(dice).SetDiskAlarmAsync(true);

    public override Task HealAsync(Stage stage) => stage.Node(dice).SetDiskAlarmAsync(false);
}

/// <summary>The broker closes every connection.</summary>
internal sealed class CloseConnections : Fault
{
    public override Task InjectAsync(Stage stage) => stage.VirtualHost.CloseAllConnectionsAsync();
}

/// <summary>The password no longer holds, and the connections that were made with it are closed.</summary>
internal sealed class RevokeCredentials : Fault
{
    public override Task InjectAsync(Stage stage) => stage.VirtualHost.RevokeCredentialsAsync();

    public override Task HealAsync(Stage stage) => stage.VirtualHost.RestoreCredentialsAsync();
}

/// <summary>Somebody deletes an exchange, and all its bindings with it. Nothing that is in a queue is lost.</summary>
internal sealed class DeleteExchange(string exchange) : Fault
{
    public override Task InjectAsync(Stage stage) => stage.VirtualHost.UseChannelAsync(channel => channel.ExchangeDeleteAsync(exchange));
}

/// <summary>Somebody deletes the binding of a message's only subscriber.</summary>
internal sealed class DeleteBinding(int dice) : Fault
{
    private static readonly (string Queue, string Name)[] Bindings =
        [("faults.items", "faults.item.v1"), ("faults.packs", "faults.pack.v1"), ("faults.children", "faults.child.v1"), (Subscribers.Ordered, "faults.entry.v1"), (Subscribers.OneAtATime, "faults.line.v1")];

    public override Task InjectAsync(Stage stage)
    {
        var (queue, name) = Bindings[dice % Bindings.Length];
        return stage.VirtualHost.UseChannelAsync(channel => channel.QueueUnbindAsync(queue, "faults", name));
    }
}

/// <summary>Somebody deletes a queue with what is in it, which the broker had confirmed.</summary>
internal sealed class DeleteQueue(int dice) : Fault
{
    private static readonly string[] Queues = ["faults.items", "faults.packs", "faults.children"];

    public override async Task InjectAsync(Stage stage)
    {
        var queue = Queues[dice % Queues.Length];
        await stage.VirtualHost.DeleteQueueAsync(queue);
        stage.Losses.Add(new Loss(queue, await stage.Handling.ScalarAsync<DateTime>("SELECT clock_timestamp()")));
    }
}

/// <summary>The broker loses its disk and starts empty; an administrator makes virtual host and user anew.</summary>
internal sealed class WipeBroker : Fault
{
    public override async Task InjectAsync(Stage stage)
    {
        await stage.Nodes.Single().ResetAsync();
        stage.Losses.Add(new Loss(null, await stage.Handling.ScalarAsync<DateTime>("SELECT clock_timestamp()")));
        await stage.VirtualHost.CreateAgainAsync();
    }
}
