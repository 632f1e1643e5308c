using ReliableMq.Faults.Running;
using ReliableMq.Faults.Workload;

namespace ReliableMq.Faults.Nemesis;

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

    public override async Task InjectAsync(Stage stage) => _isFrozen = await choose(stage).FreezeAsync();

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

    public override async Task InjectAsync(Stage stage)
    {
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
