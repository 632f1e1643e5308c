using Npgsql;
using ReliableMq.Dashboard.Contract;

namespace ReliableMq.Dashboard.Services;

/// <summary>Makes one list, newest first, of the lists of several services, each read on from the key of its last item shown.</summary>
internal static class Paging
{
    /// <summary>In a cursor: the time of the last item shown. No service has this name.</summary>
    private const string Last = "";

    /// <summary>A page that begins before so much was found ends all the same.</summary>
    private const int MostReads = 4;

    /// <param name="services">Whose lists.</param>
    /// <param name="cursor">Where the page begins; null at the start.</param>
    /// <param name="limit">The most items.</param>
    /// <param name="read">Reads at most so many of one service after a key; an empty key is the start.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static Task<Page<T>> ReadAsync<T>(
        IReadOnlyList<KnownService> services, string? cursor, int limit, Func<KnownService, NpgsqlConnection, string[], int, CancellationToken, Task<List<Listed<T>>>> read, CancellationToken cancellationToken) =>
        LookAsync<T>(services, cursor, limit, async (service, connection, after, most, token) => Looked<T>.Of(await read(service, connection, after, most, token), most), cancellationToken);

    /// <inheritdoc cref="ReadAsync"/>
    /// <remarks>For what may end before the page is full: then the page may be empty and not the last.</remarks>
    public static async Task<Page<T>> LookAsync<T>(
        IReadOnlyList<KnownService> services, string? cursor, int limit, Func<KnownService, NpgsqlConnection, string[], int, CancellationToken, Task<Looked<T>>> look, CancellationToken cancellationToken)
    {
        var from = cursor is null ? services.ToDictionary(service => service.Name, _ => Array.Empty<string>()) : Cursor.Read(cursor);
        Answers<Looked<T>> lists;
        try
        {
            var until = from.TryGetValue(Last, out var last) ? Columns.Ticks(last[0]) : DateTimeOffset.MaxValue;
            lists = await Reading.AskAsync(
                services.Where(service => from.ContainsKey(service.Name)),
                (service, connection, token) => LookUntilAsync(from[service.Name], until, after => look(service, connection, after, limit, token)), cancellationToken);
        }
        catch (Exception exception) when (exception is FormatException or IndexOutOfRangeException or OverflowException && cursor is not null)
        {
            throw Cursor.Malformed();
        }

        // What is older than what one service was looked through for comes after what that service may still have.
        var end = lists.All.Max(list => list.Value.To) ?? DateTimeOffset.MinValue;
        var shown = lists.All.SelectMany(list => InOrder(list.Value.Items).Select((entry, index) => (list.Service, entry.Listed, entry.At, Index: index)))
            .Where(entry => entry.At >= end)
            .OrderByDescending(entry => entry.At).ThenBy(entry => entry.Service.Name, StringComparer.Ordinal).ThenBy(entry => entry.Index)
            .Take(limit)
            .ToList();
        var next = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var (service, list) in lists.All)
        {
            var ofService = shown.FindAll(entry => entry.Service == service);
            if (ofService.Count < list.Items.Count)
            {
                next[service.Name] = ofService.Count == 0 ? from[service.Name] : ofService[^1].Listed.Key;
            }
            else if (list.Next is { } rest)
            {
                next[service.Name] = rest;
            }
        }

        // What they have from there on comes when they can be read again.
        foreach (var other in lists.Unreadable)
        {
            next[other.Service] = from[other.Service];
        }

        if (next.Count > 0 && (shown.Count > 0 || from.ContainsKey(Last)))
        {
            next[Last] = shown.Count > 0 ? [shown[^1].At.Key()] : from[Last];
        }

        return new Page<T>([.. shown.Select(entry => entry.Listed.Item)], next.Count == 0 ? null : Cursor.Write(next), lists.Unreadable);
    }

    /// <summary>A service of which nothing was shown yet begins at its start, where newer items have come: they are left out.</summary>
    private static async Task<Looked<T>> LookUntilAsync<T>(string[] from, DateTimeOffset until, Func<string[], Task<Looked<T>>> look)
    {
        var after = from;
        for (var reads = 1; ; reads++)
        {
            var looked = await look(after);
            var rest = from.Length > 0 ? looked.Items : looked.Items.FindAll(listed => listed.At <= until);
            if (rest.Count > 0 || looked.Next is null || looked.To is not null || reads == MostReads)
            {
                return looked with { Items = rest };
            }

            after = looked.Next;
        }
    }

    /// <summary>A key's order is nearly that of the times. An item is never shown before those in front of it, or these would be left out.</summary>
    private static IEnumerable<(Listed<T> Listed, DateTimeOffset At)> InOrder<T>(List<Listed<T>> list)
    {
        var least = DateTimeOffset.MaxValue;
        foreach (var listed in list)
        {
            least = listed.At < least ? listed.At : least;
            yield return (listed, least);
        }
    }
}

/// <summary>An item with its time and its key in its service's list. The order within a service is that of its statement.</summary>
internal sealed record Listed<T>(T Item, DateTimeOffset At, string[] Key);

/// <summary>What was found of one service.</summary>
/// <param name="Items">Newest first.</param>
/// <param name="Next">Where to read on; null at the end.</param>
/// <param name="To">Up to when was looked, where that ended before enough was found.</param>
internal sealed record Looked<T>(List<Listed<T>> Items, string[]? Next, DateTimeOffset? To = null)
{
    public static Looked<T> Of(List<Listed<T>> items, int most) => new(items, items.Count == most ? items[^1].Key : null);
}
