using ReliableMq.Dashboard.Contract;

namespace ReliableMq.Dashboard.Services;

/// <summary>Numbers that are exact as far as it is cheap.</summary>
internal static class Counts
{
    /// <summary>What a statement counted that ends after one more than the most.</summary>
    public static Count UpTo(long most, long counted, bool isAtLeast = false) => counted > most || isAtLeast ? new Count(Math.Min(most, counted), IsEstimate: true, IsAtLeast: true) : Count.Exact(counted);

    /// <summary>Of all services; those that could not be read have some, too.</summary>
    public static Count Sum<T>(Answers<T> answers, Func<T, Count> count)
    {
        if (answers.All.Count == 0 && answers.Unreadable.Count > 0)
        {
            return Count.Unknown;
        }

        var counts = answers.All.Select(answer => count(answer.Value)).ToList();
        return new Count(counts.Sum(one => one.Value), counts.Exists(one => one.IsEstimate), answers.Unreadable.Count > 0 || counts.Exists(one => one.IsAtLeast));
    }
}
