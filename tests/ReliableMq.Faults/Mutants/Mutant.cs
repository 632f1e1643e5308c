using ReliableMq.Faults.Checking;

namespace ReliableMq.Faults.Mutants;

/// <summary>A defect that the checker has to find, with the faults that bring it to light soon.</summary>
/// <param name="Name">The patch's name.</param>
/// <param name="Faults">As for <c>--faults</c>.</param>
/// <param name="Rules">What it breaks; a finding of another rule does not show it.</param>
internal sealed record Mutant(string Name, string Faults, params IReadOnlyList<Rule> Rules)
{
    /// <summary>How long the faults go on.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>The finding that shows it, if there is one.</summary>
    public Finding? FirstIn(IEnumerable<Finding> findings) => findings.FirstOrDefault(finding => Rules.Contains(finding.Rule));

    public static readonly IReadOnlyList<Mutant> All =
    [
        new("ack-before-commit", "kill-consumer,end-backends,reset-database-line", Rule.NotHandled),
        new("mark-before-confirm", "kill-broker,cut-broker-line,reset-broker-line", Rule.NotHandled),
        new("no-mandatory", "delete-binding,delete-exchange", Rule.NotHandled),
        new("no-inbox", "lose-broker-answers,kill-consumer,reset-broker-line", Rule.HandledTwice),
        new("no-fencing", "lone-slow-producer", Rule.SentAfterCancel) { Duration = TimeSpan.FromSeconds(60) },
        new("multiple-ack-over-held", "kill-consumer,close-connections", Rule.NotHandled),
        new("replay-without-epoch", "kill-consumer", Rule.NotHandled, Rule.LeftDead),
        new("no-key-lock", "slow-database-line", Rule.OutOfOrder),
    ];
}
