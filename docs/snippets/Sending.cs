// The code of docs/sending.md. A test compares both with what stands between the marks.
using Microsoft.EntityFrameworkCore;
using ReliableMq;

namespace Snippets;

public static class Sending
{
    public static async Task AddAsync(OrdersDb db, Order order, CancellationToken ct)
    {
        // begin: everything-said
        db.AddMessage(new OrderPlaced(order.Id, order.Total), new MessageOptions
        {
            MessageId = $"order-placed-{order.Id}",
            OrderingKey = order.Id.ToString(),
            DeliverAfter = TimeSpan.FromMinutes(15),
            ExpiresAfter = TimeSpan.FromHours(2),
            Priority = 5,
            Headers = new Dictionary<string, string> { ["tenant"] = "north" },
        });
        // end: everything-said
        await db.SaveChangesAsync(ct);
    }

    public static async Task RepairAsync(IPendingMessages pending, CancellationToken ct)
    {
        // begin: pending
        await foreach (var message in pending.ListAsync(new PendingMessageFilter { State = PendingState.Failed }, ct))
        {
            Console.WriteLine($"{message.MessageId} {message.MessageName}, {message.Attempts} attempts: {message.Error}");
        }

        await pending.SendNowAsync(new PendingMessageFilter { State = PendingState.Failed }, who: "maria", cancellationToken: ct);
        await pending.CancelAsync(new PendingMessageFilter { MessageId = "reminder-42", State = PendingState.Scheduled }, who: "maria", cancellationToken: ct);
        // end: pending
    }
}
