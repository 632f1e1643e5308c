using System.Net.Http.Json;

namespace Shop.Runner.Running;

/// <summary>
/// Kills Billing while a handler is running: Billing holds the handler of one order and says so, and what
/// is held only goes on when the process ends.
/// </summary>
internal sealed class BillingKill(Service billing, ShopData data, RunStatus status, TimeProvider clock)
{
    /// <summary>How long the messages that a process is sending are its own.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(10);

    /// <summary>
    /// What Billing was sending when it was killed may have arrived, and is sent again after the lease and
    /// the next poll of the outbox. Only then is it certain that none of it is billed or shipped twice.
    /// </summary>
    private static readonly TimeSpan Aftermath = Lease + TimeSpan.FromSeconds(6);

    private long _killedAt;

    /// <summary>The order whose handler ran when Billing was killed; null before.</summary>
    public Guid? HeldOrder { get; private set; }

    public async Task RunAsync(CancellationToken ct)
    {
        var held = await HeldOrderAsync(ct);
        await billing.KillAsync();
        _killedAt = clock.GetTimestamp();
        if (await data.HasInvoiceAsync(held, ct))
        {
            throw new ShopException($"Order {held} has an invoice although its handler was still running when Billing was killed.");
        }

        HeldOrder = held;
        status.Note($"Billing is killed (SIGKILL) while a handler is at order {held}.");
        billing.Start();
        await billing.WaitUntilHealthyAsync(ct);
        status.Note("Billing is back.");
    }

    /// <summary>Waits until nothing more can come of the kill.</summary>
    public async Task WaitForAftermathAsync(CancellationToken ct)
    {
        var left = Aftermath - clock.GetElapsedTime(_killedAt);
        if (left > TimeSpan.Zero)
        {
            status.Note($"What the killed Billing was sending may come again: the books close in {left.TotalSeconds:0} s.");
            await Task.Delay(left, clock, ct);
        }
    }

    private async Task<Guid> HeldOrderAsync(CancellationToken ct)
    {
        try
        {
            return await billing.Http.GetFromJsonAsync<Guid>("held", ct);
        }
        catch (HttpRequestException e)
        {
            throw new ShopException($"{billing.Name} did not say which handler it holds: {e.Message} Its log: {billing.Log}", e);
        }
    }
}
