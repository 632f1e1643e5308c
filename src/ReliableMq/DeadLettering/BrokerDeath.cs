using ReliableMq.Receiving;

namespace ReliableMq.DeadLettering;

/// <summary>
/// What the broker wrote down of a message that it gave up, in the header <c>x-death</c>. Older brokers keep what a
/// sender puts there, so nothing of it is taken for granted.
/// </summary>
/// <param name="Reason"><c>rejected</c>, <c>expired</c>, <c>maxlen</c>, <c>delivery_limit</c>, or that it is unknown.</param>
/// <param name="Exchange">Where it was published; null where it is unknown.</param>
/// <param name="RoutingKey">The key it was published with; null where it is unknown.</param>
internal sealed record BrokerDeath(string Reason, string? Exchange, string? RoutingKey)
{
    public const string Unknown = "unknown reason";

    private static readonly BrokerDeath None = new(Unknown, null, null);

    /// <param name="delivery">From a dead-letter queue.</param>
    /// <param name="queue">The queue in which it died.</param>
    public static BrokerDeath Of(Delivery delivery, string queue)
    {
        if (delivery.Headers.GetValueOrDefault("x-death") is not IEnumerable<object?> list)
        {
            return None;
        }

        // The newest comes first. It is another queue's where an operator has moved the message on.
        var deaths = list.OfType<IDictionary<string, object?>>().ToList();
        var death = deaths.Find(death => TextOf(death, "queue") == queue) ?? deaths.FirstOrDefault();
        if (death is null)
        {
            return None;
        }

        var reason = TextOf(death, "reason");
        return new(
            reason is "rejected" or "expired" or "maxlen" or "delivery_limit" ? reason : Unknown,
            TextOf(death, "exchange"),
            death.TryGetValue("routing-keys", out var keys) && keys is IEnumerable<object?> all ? all.FirstOrDefault() as string : null);
    }

    /// <summary>
    /// The delivery as its own queue had it. The broker brings it under the dead-letter queue's name, but replayed it has
    /// to be read, and its derived id has to be found again.
    /// </summary>
    public Delivery Restore(Delivery delivery) =>
        Exchange is null || RoutingKey is null || delivery.Exchange.Length > 0 || delivery.RoutingKey != delivery.Queue
            ? delivery
            : delivery with { Exchange = Exchange, RoutingKey = RoutingKey, Name = delivery.Name == delivery.Queue ? RoutingKey : delivery.Name };

    private static string? TextOf(IDictionary<string, object?> death, string name) => death.TryGetValue(name, out var value) ? value as string : null;
}
