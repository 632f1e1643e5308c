using ReliableMq.Dashboard.Contract;

namespace ReliableMq.Dashboard.Services;

/// <summary>Numbers that are exact as far as it is cheap.</summary>
internal static class Counts
{
    /// <summary>What a statement counted that ends after one more than the most.</summary>
    public static Count UpTo(long most, long counted) => counted > most ? new Count(most, IsEstimate: true, IsAtLeast: true) : Count.Exact(counted);

    public static Count Sum(IEnumerable<Count> counts) => counts.Aggregate(Count.Exact(0), (sum, count) => new Count(sum.Value + count.Value, sum.IsEstimate || count.IsEstimate, sum.IsAtLeast || count.IsAtLeast));
}
