namespace Shop.Runner.Running;

/// <summary>How far the orders are, at one moment.</summary>
/// <param name="Placed">Orders stored by Orders.</param>
/// <param name="Billed">Orders with an invoice.</param>
/// <param name="Shipped">Orders with a shipment.</param>
/// <param name="Failing">Bad orders that are placed and not dead yet: Billing has still to give them up.</param>
/// <param name="DeadLettered">Orders in Billing's dead letters.</param>
/// <param name="Rate">Orders shipped per second.</param>
/// <param name="Latency">How long orders took; null before the first.</param>
internal sealed record Progress(
    int Placed, int Billed, int Shipped, int Failing, int DeadLettered, double Rate, Latency? Latency)
{
    public static Progress None { get; } = new(0, 0, 0, 0, 0, 0, null);
}

/// <summary>From placed to shipped: half of the orders took at most P50, all but a twentieth at most P95.</summary>
internal sealed record Latency(TimeSpan P50, TimeSpan P95);
