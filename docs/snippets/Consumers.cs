// The code of docs/handling.md about consumers. A test compares it with what stands between the marks.
using ReliableMq;

namespace Snippets;

public static class ChangingConsumers
{
    public static async Task ChangeAsync(IConsumers consumers, CancellationToken ct)
    {
        // begin: consumers
        await consumers.PauseAsync("billing.order-placed", who: "maria", lasting: true, ct);
        await consumers.ResumeAsync("billing.order-placed", who: "maria", ct);
        await consumers.ChangeAsync("billing.order-placed", who: "maria", concurrency: 2, prefetch: 20, lasting: false, ct);
        await consumers.ResetAsync("billing.order-placed", who: "maria", ct);   // as configured
        foreach (var queue in consumers.List())
        {
            Console.WriteLine($"{queue.Queue}: {queue.Description}, {queue.Handling} being handled");
        }
        // end: consumers
    }
}
