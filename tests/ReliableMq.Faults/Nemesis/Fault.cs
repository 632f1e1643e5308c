using ReliableMq.Faults.Running;

namespace ReliableMq.Faults.Nemesis;

/// <summary>One thing that goes wrong, and comes right again.</summary>
internal abstract class Fault
{
    /// <summary>Whether it did anything, asked when it is healed: there may have been nobody to do it to.</summary>
    public virtual bool Bit => true;

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
/// <param name="Needs">The broker that it can happen to.</param>
internal sealed record FaultKind(string Name, string Victim, double MostSeconds, Func<int, Fault> Make, bool IsDefault = true, BrokerKind Needs = BrokerKind.Any)
{
    /// <summary>How long it lasts at least.</summary>
    public double LeastSeconds { get; init; } = 0.2 * MostSeconds;

    public bool Fits(bool cluster) => Needs == BrokerKind.Any || Needs == (cluster ? BrokerKind.Cluster : BrokerKind.Single);
}

internal enum BrokerKind
{
    Any,
    Single,
    Cluster,
}
