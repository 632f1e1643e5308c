using ReliableMq.Receiving;

namespace ReliableMq.Broker.Topology;

/// <summary>What a queue needs on the broker: itself, its dead-letter queue, its bindings.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="DeadLetterQueue">Where its dead letters go.</param>
/// <param name="Bindings">Those to exchanges of messages, which both sides declare.</param>
internal sealed record QueueTopology(string Queue, string DeadLetterQueue, IReadOnlyList<Binding> Bindings)
{
    /// <summary>Those to exchanges that somebody else declares: nothing but their name is known.</summary>
    public IReadOnlyList<Binding> ForeignBindings { get; init; } = [];

    public IEnumerable<Binding> AllBindings => Bindings.Concat(ForeignBindings);

    public IEnumerable<string> Exchanges => Bindings.Select(binding => binding.Exchange).Distinct();

    public IEnumerable<string> ForeignExchanges => ForeignBindings.Select(binding => binding.Exchange).Except(Exchanges);

    /// <summary>Whether it has an order, which needs that of all consumers one is active.</summary>
    public bool IsOrdered { get; init; }

    /// <summary>The broker's own delays of what is returned; null for none.</summary>
    public DelayedRetry? DelayedRetry { get; init; }

    /// <summary>
    /// A durable quorum queue. The delivery limit is explicit and high, because attempts are counted in the
    /// database and 4.0 and later drop or dead-letter at 20 otherwise. At-least-once dead-lettering needs
    /// <c>reject-publish</c>; the default exchange routes to the dead queue by its name, so no binding can be
    /// forgotten.
    /// </summary>
    public Dictionary<string, object?> Arguments
    {
        get
        {
            var arguments = new Dictionary<string, object?>
            {
                ["x-queue-type"] = "quorum",
                ["x-delivery-limit"] = DeliveryLimit,
                ["x-dead-letter-exchange"] = "",
                ["x-dead-letter-routing-key"] = DeadLetterQueue,
                ["x-dead-letter-strategy"] = "at-least-once",
                ["x-overflow"] = "reject-publish",
            };
            if (IsOrdered)
            {
                arguments[SingleActiveConsumer] = true;
            }

            if (DelayedRetry is { } delays)
            {
                // Only what failed: what a stopping consumer gives back is for the next one at once.
                arguments[DelayedRetryType] = "failed";
                arguments["x-delayed-retry-min"] = (long)delays.Shortest.TotalMilliseconds;
                arguments["x-delayed-retry-max"] = (long)delays.Longest.TotalMilliseconds;
            }

            return arguments;
        }
    }

    public const string DelayedRetryType = "x-delayed-retry-type";

    public const string SingleActiveConsumer = "x-single-active-consumer";

    public static Dictionary<string, object?> DeadLetterArguments => new()
    {
        ["x-queue-type"] = "quorum",
        ["x-delivery-limit"] = DeliveryLimit,
    };

    public const long DeliveryLimit = 1_000_000;
}
