using Microsoft.Extensions.Primitives;

namespace ReliableMq.Dashboard.Api;

/// <summary>What an action is for: rows by their ids, or all that match a filter, which was looked at before.</summary>
internal static class Confirmation
{
    public const int MostIds = 1000;

    /// <summary>Some more than were seen may be acted on: messages come while people read.</summary>
    private const int Margin = 10;

    /// <summary>What is asked about is counted whole, up to so many.</summary>
    public const int MostCounted = 100_000;

    /// <exception cref="ApiException">Neither or both are given, or there are too many ids.</exception>
    public static void RequireOne(IReadOnlyList<string>? ids, IReadOnlyDictionary<string, string>? filter, long? expectedCount)
    {
        if (ids is null == filter is null)
        {
            throw ApiException.Malformed("ids", "Give either \"ids\" or \"filter\".");
        }

        if (ids is { Count: 0 or > MostIds })
        {
            throw ApiException.Malformed("ids", $"\"ids\" has {ids.Count} items. Give 1 to {MostIds}, or a filter.");
        }

        if (ids?.Any(id => id is null) == true)
        {
            throw ApiException.Malformed("ids", "An item of \"ids\" is null. Give the ids of the list.");
        }

        if (filter is not null && expectedCount is not >= 0)
        {
            throw ApiException.Malformed("expectedCount", "\"expectedCount\" is missing. Give the number that you saw with this filter, so that it does not act on far more.");
        }
    }

    /// <summary>How many will be acted on. Whoever saw as many as are counted, and that there are more, means all of them.</summary>
    /// <param name="expected">What the caller saw.</param>
    /// <param name="isAtLeast">Whether more were there.</param>
    /// <param name="isFinal">Whether it cannot be undone: then not one more may match.</param>
    /// <param name="count">Counts up to a number.</param>
    /// <returns>How many match; null where that is not known.</returns>
    /// <exception cref="ApiException">Far more match than were seen.</exception>
    public static async Task<long?> RequireExpectedAsync(long expected, bool isAtLeast, bool isFinal, Func<long, Task<Contract.Count>> count)
    {
        if (isAtLeast)
        {
            // A count that ended earlier looked at a part only: nobody knows how many that would be.
            return expected == MostCounted ? null : throw ApiException.Malformed(
                "isAtLeast", $"\"isAtLeast\" goes with an \"expectedCount\" of {MostCounted} only, not of {expected}. Ask \"…/matching\" with this filter how many there are.");
        }

        var allowed = isFinal ? expected : expected + Math.Max(Margin, expected / 10);
        var actual = await count(allowed + MostCounted);
        return actual.Value <= allowed ? actual.Value
            : throw ApiException.Conflict($"The filter matches {(actual.IsAtLeast ? "more than " : "")}{actual.Value} by now, but {expected} were expected. Look again, and confirm the new number.", actual.Value);
    }

    public static ParameterValues Read(IReadOnlyDictionary<string, string> filter, IReadOnlyList<Parameter> known) =>
        new(filter.Select(entry => KeyValuePair.Create(entry.Key, new StringValues(entry.Value))), known, "filter.");

    /// <summary>As the audit keeps it.</summary>
    public static string Text(IReadOnlyDictionary<string, string> filter) =>
        filter.Count == 0 ? "all" : string.Join(", ", filter.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key}={entry.Value}"));
}
