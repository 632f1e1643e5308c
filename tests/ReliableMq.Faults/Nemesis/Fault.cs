using ReliableMq.Faults.Running;

namespace ReliableMq.Faults.Nemesis;

/// <summary>One thing that goes wrong, and comes right again.</summary>
internal abstract class Fault
{
    public abstract Task InjectAsync(Stage stage);

    /// <summary>Called once after <see cref="InjectAsync"/> has returned.</summary>
    public virtual Task HealAsync(Stage stage) => Task.CompletedTask;
}

/// <summary>A kind of fault that a schedule chooses from.</summary>
/// <param name="Name">As in <c>--faults</c>.</param>
/// <param name="Victim">What it happens to; the faults of one victim never overlap.</param>
/// <param name="MostSeconds">How long it lasts at most.</param>
/// <param name="Make">Makes one; the dice choose among the victims.</param>
/// <param name="IsDefault">Whether it is chosen without being asked for.</param>
internal sealed record FaultKind(string Name, string Victim, double MostSeconds, Func<int, Fault> Make, bool IsDefault = true);
