using Npgsql;
using ReliableMq.Dashboard.Contract;

namespace ReliableMq.Dashboard.Services;

/// <summary>Makes one list, newest first, of the lists of several services, each read on from the key of its last item shown.</summary>
internal static class Paging
{
    /// <summary>In a cursor: the time of the last item shown. No service has this name.</summary>
    private const string Last = "";

    /// <param name="services">Whose lists.</param>
    /// <param name="cursor">Where the page begins; null at the start.</param>
    /// <param name="limit">The most items.</param>
    /// <param name="read">Reads at most so many of one service after a key; an empty key is the start.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async Task<Page<T>> ReadAsync<T>(
        IReadOnlyList<KnownService> services, string? cursor, int limit, Func<KnownService, NpgsqlConnection, string[], int, CancellationToken, Task<List<Listed<T>>>> read, CancellationToken cancellationToken)
    {
        var from = cursor is null ? services.ToDictionary(service => service.Name, _ => Array.Empty<string>()) : Cursor.Read(cursor);
        Answers<(List<Listed<T>> Listed, bool IsFull)> lists;
        try
        {
            var until = from.TryGetValue(Last, out var last) ? Columns.Ticks(last[0]) : DateTimeOffset.MaxValue;
            lists = await Reading.AskAsync(
                services.Where(service => from.ContainsKey(service.Name)),
                (service, connection, token) => ReadUntilAsync(from[service.Name], until, limit, after => read(service, connection, after, limit, token)), cancellationToken);
        }
        catch (Exception exception) when (exception is FormatException or IndexOutOfRangeException or OverflowException && cursor is not null)
        {
            throw Cursor.Malformed();
        }

        var shown = lists.All.SelectMany(list => InOrder(list.Value.Listed).Select((entry, index) => (list.Service, entry.Listed, entry.At, Index: index)))
            .OrderByDescending(entry => entry.At).ThenBy(entry => entry.Service.Name, StringComparer.Ordinal).ThenBy(entry => entry.Index)
            .Take(limit)
            .ToList();
        var next = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var (service, list) in lists.All)
        {
            var ofService = shown.FindAll(entry => entry.Service == service);
            if (ofService.Count < list.Listed.Count || list.IsFull)
            {
                next[service.Name] = ofService.Count == 0 ? from[service.Name] : ofService[^1].Listed.Key;
            }
        }

        if (next.Count > 0 && shown.Count > 0)
        {
            next[Last] = [shown[^1].At.Key()];
        }

        return new Page<T>([.. shown.Select(entry => entry.Listed.Item)], next.Count == 0 ? null : Cursor.Write(next), lists.Unreadable);
    }

    /// <summary>A service of which nothing was shown yet begins at its start, where newer items have come: they are left out.</summary>
    private static async Task<(List<Listed<T>> Listed, bool IsFull)> ReadUntilAsync<T>(string[] from, DateTimeOffset until, int limit, Func<string[], Task<List<Listed<T>>>> read)
    {
        var after = from;
        while (true)
        {
            var list = await read(after);
            var rest = from.Length > 0 ? list : list.FindAll(listed => listed.At <= until);
            if (rest.Count > 0 || list.Count < limit)
            {
                return (rest, list.Count == limit);
            }

            after = list[^1].Key;
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
