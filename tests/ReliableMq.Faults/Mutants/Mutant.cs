namespace ReliableMq.Faults.Mutants;

/// <summary>A defect that the checker has to find, with the faults that bring it to light soon.</summary>
/// <param name="Name">The patch's name.</param>
/// <param name="Faults">As for <c>--faults</c>.</param>
internal sealed record Mutant(string Name, string Faults)
{
    public static readonly IReadOnlyList<Mutant> All =
    [
        new("ack-before-commit", "kill-consumer,end-backends,reset-database-line"),
        new("mark-before-confirm", "kill-broker,cut-broker-line,reset-broker-line"),
        new("no-mandatory", "delete-binding,delete-exchange"),
        new("no-inbox", "lose-broker-answers,kill-consumer,reset-broker-line"),
        new("no-fencing", "freeze-producers,slow-broker-line"),
        new("multiple-ack-over-held", "kill-consumer,close-connections"),
        new("replay-without-epoch", "kill-consumer"),
        new("no-key-lock", "slow-database-line"),
    ];
}
