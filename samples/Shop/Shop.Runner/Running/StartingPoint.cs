using Npgsql;
using Shop.Runner.Data;

namespace Shop.Runner.Running;

/// <summary>What of the orders is done before this run: nothing, or what an interrupted run left.</summary>
internal sealed record StartingPoint(IReadOnlySet<Guid> Placed, IReadOnlySet<Guid> Invoiced)
{
    private static readonly StartingPoint Nothing = new(new HashSet<Guid>(), new HashSet<Guid>());
    private static readonly TimeSpan EarlierServicesTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan EarlierServicesInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>Good orders that are not invoiced yet.</summary>
    public int LeftToBill(IReadOnlyList<OrderLine> lines) =>
        lines.Count(line => line.Refusal is null && !Invoiced.Contains(line.OrderId));

    /// <summary>
    /// Takes over what an interrupted run of the same orders left, as long as something is left to bill
    /// and the broker still has its part; makes everything anew otherwise.
    /// </summary>
    public static async Task<StartingPoint> PrepareAsync(
        IReadOnlyList<OrderLine> lines, ShopDatabases databases, ShopVirtualHost virtualHost, bool fresh, CancellationToken ct)
    {
        await WaitForEarlierServicesAsync(databases, ct);
        if (!fresh && await FindAsync(lines, databases, virtualHost, ct) is { } found)
        {
            return found;
        }

        await databases.RecreateAsync(lines.Count, () => virtualHost.RecreateAsync(ct), ct);
        return Nothing;
    }

    private static async Task<StartingPoint?> FindAsync(
        IReadOnlyList<OrderLine> lines, ShopDatabases databases, ShopVirtualHost virtualHost, CancellationToken ct)
    {
        var comments = await databases.CommentsAsync(ct);
        if (comments.FirstOrDefault(database => !ShopDatabases.IsOurs(database.Value)).Key is { } foreign)
        {
            throw new ShopException($"The database '{foreign}' was not made by Shop.Runner. Drop it, or let --fresh drop it.");
        }

        if (!databases.IsInterruptedRun(comments, lines.Count) || !await virtualHost.ExistsAsync(ct))
        {
            return null;
        }

        await using var data = databases.OpenData();
        var point = new StartingPoint(
            (await EmptyWhereMissingAsync(data.OrdersAsync(ct))).ToHashSet(),
            (await EmptyWhereMissingAsync(data.InvoicesAsync(ct))).Select(invoice => invoice.OrderId).ToHashSet());
        return point.LeftToBill(lines) > 0 ? point : null;
    }

    /// <summary>The services of a killed run take a moment to notice; two sets of them must not mix.</summary>
    private static async Task WaitForEarlierServicesAsync(ShopDatabases databases, CancellationToken ct)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (await databases.ConnectedServicesAsync(ct) is { Count: > 0 } services)
        {
            if (TimeProvider.System.GetElapsedTime(started) > EarlierServicesTimeout)
            {
                throw new ShopException($"Services of the Shop are still running: {string.Join(", ", services)}. Stop them first.");
            }

            await Task.Delay(EarlierServicesInterval, TimeProvider.System, ct);
        }
    }

    private static async Task<IReadOnlyList<T>> EmptyWhereMissingAsync<T>(Task<IReadOnlyList<T>> rows)
    {
        try
        {
            return await rows;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return []; // Interrupted before the service created its tables.
        }
    }
}
