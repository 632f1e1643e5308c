namespace Shop.Runner.Ledgers;

/// <summary>How the books stand.</summary>
internal sealed record LedgerReport(
    int Lines,
    int Placed,
    int Good,
    int InvoicedOnce,
    int ShippedOnce,
    int Bad,
    int DeadWithReason,
    IReadOnlyList<ReasonCount> Reasons,
    IReadOnlyList<Difference> Differences)
{
    public bool Balances => Differences.Count == 0;
}

/// <summary>How many bad orders broke one rule, how many of them are dead for it, and one of those.</summary>
internal sealed record ReasonCount(string Kind, int Expected, int Found, DeadOrder? Example);

/// <summary>One thing that is not as it should be.</summary>
/// <param name="OrderId">The order; null where a dead letter names none.</param>
/// <param name="What">What is wrong with it.</param>
internal sealed record Difference(Guid? OrderId, string What);
