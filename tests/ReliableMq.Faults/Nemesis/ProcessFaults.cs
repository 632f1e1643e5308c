using ReliableMq.Faults.Checking;
using ReliableMq.Faults.Running;
using ReliableMq.Faults.Workload;

namespace ReliableMq.Faults.Nemesis;

/// <summary>An operator pauses a queue, for the processes that run or for all that will, and later goes on with it.</summary>
internal sealed class PauseQueue(int dice) : Fault
{
    // Handlers without a database have nowhere to read in another process what was said.
    private static readonly string[] Queues = [.. Subscribers.Queues.Where(queue => queue != Subscribers.AtLeastOnce)];

    private string Queue => Queues[dice % Queues.Length];

    public override Task InjectAsync(Stage stage) => SayAsync(stage, isPaused: true);

    public override Task HealAsync(Stage stage) => SayAsync(stage, isPaused: false);

    private async Task SayAsync(Stage stage, bool isPaused)
    {
        await using var dashboard = await DashboardCounts.StartAsync(stage.Sending, stage.Handling);
        await dashboard.PauseAsync(Queue, isPaused, isLasting: dice % 2 == 0);
    }
}

/// <summary>SIGKILL to one process of a service; another takes its place later.</summary>
internal sealed class KillProcess(Func<Stage, ProcessSlot> choose) : Fault
{
    public override Task InjectAsync(Stage stage) => choose(stage).KillAsync();

    public override Task HealAsync(Stage stage) => choose(stage).StartAsync();
}

/// <summary>SIGSTOP to one process; after SIGCONT it goes on as if no time had passed.</summary>
internal sealed class FreezeProcess(Func<Stage, ProcessSlot> choose) : Fault
{
    private bool _isFrozen;

    public override bool Bit => _isFrozen;

    public override async Task InjectAsync(Stage stage)
    {
        stage.LineWitness.Blink(choose(stage).Name);
        _isFrozen = await choose(stage).FreezeAsync();
    }

    public override Task HealAsync(Stage stage)
    {
        if (_isFrozen)
        {
            choose(stage).Resume();
        }

        return Task.CompletedTask;
    }
}

/// <summary>SIGSTOP to all producers: nobody is there who could take over what they hold.</summary>
internal sealed class FreezeProducers : Fault
{
    private readonly List<ProcessSlot> _frozen = [];

    public override bool Bit => _frozen.Count > 0;

    public override async Task InjectAsync(Stage stage)
    {
        stage.LineWitness.Blink();
        foreach (var producer in stage.Producers.Except(_frozen))
        {
            if (await producer.FreezeAsync())
            {
                _frozen.Add(producer);
            }
        }
    }

    public override Task HealAsync(Stage stage)
    {
        foreach (var producer in _frozen)
        {
            producer.Resume();
        }

        return Task.CompletedTask;
    }
}

/// <summary>
/// SIGSTOP to all producers but one, whose line is so slow that much of what it has in hand waits beyond its lease, and
/// nobody else takes that over.
/// </summary>
internal sealed class LoneSlowProducer : Fault
{
    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(150);
    private readonly FreezeProcess _other = new(stage => stage.Producers[1]);

    public override bool Bit => _other.Bit;

    public override async Task InjectAsync(Stage stage)
    {
        await _other.InjectAsync(stage);
        stage.BrokerLines[0].Latency = Latency;
    }

    public override Task HealAsync(Stage stage)
    {
        stage.BrokerLines[0].Latency = TimeSpan.Zero;
        return _other.HealAsync(stage);
    }
}

/// <summary>The clock of one process jumps, and back again; the others and the servers keep theirs.</summary>
internal sealed class JumpClock(Func<Stage, ProcessSlot> choose, int dice) : Fault
{
    // From seconds, as by a correction, to more than a day.
    private static readonly int[] Seconds = [-7, 7, -3600, 3600, -100_000, 100_000];

    public override Task InjectAsync(Stage stage) => choose(stage).TellAsync(FormattableString.Invariant($"{RoleOrders.Clock}{Seconds[dice % Seconds.Length]}"));

    public override Task HealAsync(Stage stage) => choose(stage).TellAsync($"{RoleOrders.Clock}0");
}

/// <summary>A rolling deployment: the next process starts beside the one before, which then is asked to end.</summary>
internal sealed class RollProcess(Func<Stage, ProcessSlot> choose) : Fault
{
    public override Task InjectAsync(Stage stage) => choose(stage).RollAsync();
}
