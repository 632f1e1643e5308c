using ReliableMq.Faults.Running;

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

/// <summary>A rolling deployment: the next process starts beside the one before, which then is asked to end.</summary>
internal sealed class RollProcess(Func<Stage, ProcessSlot> choose) : Fault
{
    public override Task InjectAsync(Stage stage) => choose(stage).RollAsync();
}
