// The code of docs/handling.md about handlers that fail.
using System.Net;
using ReliableMq;

namespace Snippets.Failing;

// begin: rules
[OnException(typeof(HttpRequestException), OnFailure.Retry)]
public sealed class PaymentHandlers(BillingDb db, IPayments payments)
{
    [MessageHandler("billing.payments", Retry = "1s..10m x12", RetryFor = "24h")]
    [OnException(typeof(RateLimitedException), OnFailure.Retry, Delay = "5m")]
    [OnException(typeof(CardDeclinedException), OnFailure.DeadLetter)]
    public async Task Handle(OrderPlaced message, CancellationToken ct) =>
        db.Invoices.Add(await payments.ChargeAsync(message.OrderId, message.Total, ct));
}
// end: rules

public sealed class NoticeHandlers
{
    // begin: delays-by-the-broker
    [MessageHandler("billing.notices", Retry = "1s, 5s, 20s, 10m", Prefetch = 20, DelayedRetry = "1s..10s")]
    public Task Handle(OrderPlaced message, IPayments payments, CancellationToken ct) => payments.NotifyAsync(message.OrderId, ct);
    // end: delays-by-the-broker
}

public interface IPayments
{
    Task<Invoice> ChargeAsync(Guid orderId, decimal total, CancellationToken ct);

    Task NotifyAsync(Guid orderId, CancellationToken ct);
}

public sealed class RateLimitedException : Exception;

public sealed class CardDeclinedException : Exception;

public sealed class TestOrderException : Exception;

public static class Rules
{
    public static void Add(WebApplicationBuilder builder)
    {
        // begin: global-rules
        builder.Services.AddReliableMq(builder.Configuration.GetSection("ReliableMq"))
            .OnException<HttpRequestException>(OnFailure.DeadLetter, exception => exception.StatusCode == HttpStatusCode.NotFound)
            .OnException<TestOrderException>(OnFailure.Discard);
        // end: global-rules
    }
}
