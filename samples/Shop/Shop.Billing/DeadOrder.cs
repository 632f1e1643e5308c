using System.Text.Json;
using ReliableMq;
using Shop.Contracts;

namespace Shop.Billing;

/// <summary>An order that Billing gave up, for <c>GET /dead-letters</c>.</summary>
/// <param name="OrderId">The order; null where the body is not one that Billing can read.</param>
public sealed record DeadOrder(Guid? OrderId, string Reason, int Attempts, DateTimeOffset DeadAt)
{
    public static DeadOrder From(DeadLetter letter) =>
        new(OrderIdOf(letter.Body.Span), letter.Reason, letter.Attempts, letter.DeadAt);

    private static Guid? OrderIdOf(ReadOnlySpan<byte> body)
    {
        try
        {
            return JsonSerializer.Deserialize<OrderPlaced>(body, JsonSerializerOptions.Web)?.OrderId;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
