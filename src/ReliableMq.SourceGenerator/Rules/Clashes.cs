using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace ReliableMq.SourceGenerator;

/// <summary>Finds handlers that are right by themselves and wrong together.</summary>
internal static class Clashes
{
    /// <summary>What to report: for each handler and rule the first other handler it clashes with.</summary>
    public static EquatableArray<Problem> Find(ImmutableArray<LocatedHandler> handlers) =>
        handlers
            .GroupBy(located => located.Handler.Settings.Queue, StringComparer.Ordinal)
            .SelectMany(queue => queue.SelectMany(one => queue
                .Where(other => !ReferenceEquals(one, other))
                .Select(other => Between(one.Handler, other.Handler))
                .Where(clash => clash is not null)
                .GroupBy(clash => clash!.Rule)
                .Select(sameRule => sameRule.First()! with { At = one.At })))
            .ToEquatableArray();

    /// <summary>The handlers that clash with no other, in the order of the generated code.</summary>
    public static EquatableArray<Handler> Without(ImmutableArray<Handler> handlers) =>
        handlers
            .GroupBy(handler => handler.Settings.Queue, StringComparer.Ordinal)
            .SelectMany(queue => queue.Where(one =>
                queue.All(other => ReferenceEquals(one, other) || Between(one, other) is null)))
            .OrderBy(handler => handler.Settings.Queue, StringComparer.Ordinal)
            .ThenBy(handler => handler.MessageName, StringComparer.Ordinal)
            .ThenBy(handler => handler.Name, StringComparer.Ordinal)
            .ToEquatableArray();

    private static Problem? Between(Handler one, Handler other)
    {
        var (mine, theirs) = (one.Settings, other.Settings);
        if (one.MessageName == other.MessageName)
        {
            return one.MessageType == other.MessageType
                ? Problem.Of(Rule.Duplicate, null, one.Name, one.MessageName, mine.Queue, other.Name)
                : Problem.Of(Rule.TwoTypes, null, one.Name, one.MessageName, mine.Queue, Plain(one.MessageType), other.Name, Plain(other.MessageType));
        }

        if (NamesOf(one).Intersect(NamesOf(other), StringComparer.Ordinal).FirstOrDefault() is { } shared)
        {
            return Problem.Of(Rule.AliasClash, null, one.Name, shared, mine.Queue, Plain(one.MessageType), other.Name, Plain(other.MessageType));
        }

        if (one.IsBatch != other.IsBatch)
        {
            return Problem.Of(Rule.BatchAndSingle, null, one.Name, Taken(one), mine.Queue, other.Name, Taken(other));
        }

        return Differ("Retry", mine.Retry, theirs.Retry)
            ?? Differ("RetryFor", mine.RetryFor, theirs.RetryFor)
            ?? Differ("ImmediateRetries", Number(mine.ImmediateRetries), Number(theirs.ImmediateRetries))
            ?? Differ("DelayedRetry", mine.DelayedRetry, theirs.DelayedRetry)
            ?? Differ("Timeout", mine.Timeout, theirs.Timeout)
            ?? Differ("Concurrency", Given(mine.Concurrency), Given(theirs.Concurrency))
            ?? Differ("Prefetch", Given(mine.Prefetch), Given(theirs.Prefetch))
            ?? Differ("Inbox", mine.Inbox, theirs.Inbox)
            ?? Differ("Order", mine.Order, theirs.Order)
            ?? Differ("BatchSize", Given(mine.BatchSize), Given(theirs.BatchSize))
            ?? Differ("Linger", mine.Linger, theirs.Linger);

        Problem? Differ(string setting, string? here, string? there) =>
            here is null || there is null || here == there
                ? null
                : Problem.Of(Rule.Disagreement, null, one.Name, setting, mine.Queue, Plain(here), other.Name, Plain(there));
    }

    private static IEnumerable<string> NamesOf(Handler handler) => handler.Aliases.Prepend(handler.MessageName);

    private static string Taken(Handler handler) => handler.IsBatch ? "batches" : "single messages";

    private static string? Given(int value) => Number(value == 0 ? null : value);

    private static string? Number(int? value) => value?.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string Plain(string type) => type.Replace("global::", "");
}
