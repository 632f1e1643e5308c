// The code of docs/handling.md about transactions, verdicts, batches and filters. A test compares it with what
// stands between the marks.
using Microsoft.EntityFrameworkCore;
using Npgsql;
using ReliableMq;

namespace Snippets;

[Message("billing.order-billed.v1")]
public sealed record OrderBilled(Guid OrderId);

// begin: handling-context
public sealed class InvoiceHandlers(BillingDb db)
{
    [MessageHandler("billing.invoices")]
    public async Task Handle(OrderPlaced message, MessageContext context)
    {
        await db.Invoices.Where(invoice => invoice.OrderId == message.OrderId).ExecuteDeleteAsync(context.CancellationToken);
        db.Invoices.Add(Invoice.For(message.OrderId, message.Total));
        db.AddMessage(new OrderBilled(message.OrderId));
    }   // SaveChanges and the commit follow by themselves
}
// end: handling-context

public static class StockHandlers
{
    // begin: handling-source
    [MessageHandler("stock.reservations", Inbox = typeof(NpgsqlDataSource))]
    public static async Task Handle(OrderPlaced message, MessageContext context, IOutbox outbox)
    {
        await using var command = new NpgsqlCommand("UPDATE stock SET reserved = reserved + 1 WHERE order_id = $1", context.Transaction!.Connection, context.Transaction)
        {
            Parameters = { new() { Value = message.OrderId } },
        };
        await command.ExecuteNonQueryAsync(context.CancellationToken);
        await outbox.AddAsync(context.Transaction, new OrderBilled(message.OrderId), cancellationToken: context.CancellationToken);
    }
    // end: handling-source

    public static void Register(WebApplicationBuilder builder)
    {
        // begin: handling-source-registration
        builder.Services.AddSingleton(NpgsqlDataSource.Create(builder.Configuration.GetConnectionString("Stock")!));
        builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq"))
            .AddInbox(services => services.GetRequiredService<NpgsqlDataSource>());
        // end: handling-source-registration
    }

    public static void RegisterFilters(WebApplicationBuilder builder)
    {
        // begin: handling-filter-registration
        builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq"))
            .AddHandlingFilter<TenantFilter>()                   // of every message
            .AddHandlingFilter<OrderAudit, OrderPlaced>();       // of one type
        // end: handling-filter-registration
    }
}

public sealed class DecidingHandlers(BillingDb db)
{
    // begin: handling-verdicts
    [MessageHandler("billing.deciding")]
    public async Task Handle(OrderPlaced message, MessageContext context)
    {
        if (message.Total == 0)
        {
            context.Discard("nothing to bill");
        }

        if (message.Total < 0)
        {
            context.DeadLetter("negative total");
        }

        if (!await db.Invoices.AnyAsync(context.CancellationToken))
        {
            context.RetryAfter(TimeSpan.FromMinutes(1));
        }

        db.Invoices.Add(Invoice.For(message.OrderId, message.Total));
    }
    // end: handling-verdicts
}

// begin: handling-filter
public sealed class TenantFilter(BillingDb db) : IHandlingFilter
{
    public async ValueTask HandleAsync(object message, MessageContext context, Func<ValueTask> next)
    {
        if (context.Headers.TryGetValue("tenant", out var tenant))
        {
            await db.Database.ExecuteSqlAsync($"SELECT set_config('app.tenant', {tenant as string}, true)", context.CancellationToken);
        }

        await next();
    }
}
// end: handling-filter

public sealed class OrderAudit(ILogger<OrderAudit> logger) : IHandlingFilter<OrderPlaced>
{
    public async ValueTask HandleAsync(OrderPlaced message, MessageContext context, Func<ValueTask> next)
    {
        await next();
        logger.LogInformation("Billed {OrderId}", message.OrderId);
    }
}
