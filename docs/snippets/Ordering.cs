// The code of docs/handling.md and docs/operating.md about order. A test compares it with what stands between the marks.
using Microsoft.EntityFrameworkCore;
using ReliableMq;

namespace Snippets;

[Message("accounts.account-changed.v1")]
public sealed record AccountChanged(string Account, decimal Amount);

public sealed class Booking
{
    public int Id { get; set; }
    public string Account { get; set; } = "";
    public decimal Amount { get; set; }

    public static Booking Of(AccountChanged message) => new() { Account = message.Account, Amount = message.Amount };
}

public sealed class AccountHandlers(DbContext db)
{
    // begin: handling-order
    [MessageHandler("billing.account-changes", Order = QueueOrder.ByKey, Concurrency = 16)]
    public void Handle(AccountChanged message) => db.Add(Booking.Of(message));
    // end: handling-order
}

public static class ParkedSamples
{
    public static async Task LookAsync(IParkedMessages parkedMessages, CancellationToken ct)
    {
        // begin: operating-parked
        await foreach (var parked in parkedMessages.ListAsync(new ParkedMessageFilter { Queue = "billing.account-changes" }, ct))
        {
            Console.WriteLine($"{parked.MessageId} of {parked.OrderingKey} waits for {parked.WaitsFor} since {parked.ParkedAt}");
        }

        await parkedMessages.GoOnAsync("billing.account-changes", "account-4711", who: "maria", ct);
        // end: operating-parked
    }
}
