using System.Net.Http.Json;
using Shop.Runner.Ledgers;

namespace Shop.Runner.Running;

/// <summary>Reads how far the orders are until all are done, or until nothing moves any more.</summary>
internal sealed class ProgressFollower(ShopData data, Service billing, RunStatus status, TimeProvider clock)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan StallTimeout = TimeSpan.FromSeconds(60);

    private readonly DateTimeOffset _since = clock.GetUtcNow();
    private readonly RateMeter _rate = new(clock);
    private int _dead;

    /// <summary>Returns whether all orders are done; false after a minute in which nothing moved.</summary>
    public async Task<bool> FollowAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        var movedAt = clock.GetTimestamp();
        while (clock.GetElapsedTime(movedAt) < StallTimeout)
        {
            var before = status.Progress;
            var now = status.Progress = await ReadAsync(ct);
            if (now.Placed >= status.Lines && now.Shipped >= status.Good && now.DeadLettered >= status.Bad)
            {
                return true;
            }

            if (before with { Rate = 0, Latency = null } != now with { Rate = 0, Latency = null })
            {
                movedAt = clock.GetTimestamp();
            }

            await timer.WaitForNextTickAsync(ct);
        }

        return false;
    }

    /// <summary>The dead letters, as Billing lists them.</summary>
    public static async Task<IReadOnlyList<DeadOrder>> DeadOrdersAsync(Service billing, CancellationToken ct) =>
        await billing.Http.GetFromJsonAsync<IReadOnlyList<DeadOrder>>("dead-letters", ct) ?? [];

    private async Task<Progress> ReadAsync(CancellationToken ct)
    {
        var (placed, bad, billed, shipped) = await data.CountAsync(ct);
        var latency = await data.LatencyAsync(_since, ct);
        try
        {
            _dead = (await DeadOrdersAsync(billing, ct)).Count;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // Billing is being killed and started again; the last number stands until it is back.
        }

        return new(placed, billed, shipped, Math.Max(0, bad - _dead), _dead, _rate.Next(shipped), latency);
    }
}
