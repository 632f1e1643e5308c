namespace Shop.Runner.Ledgers;

/// <summary>What the business tables of the three services hold, and what Billing lists as dead.</summary>
internal sealed record ShopRecords(
    IReadOnlyList<Guid> Orders,
    IReadOnlyList<InvoiceRow> Invoices,
    IReadOnlyList<Guid> Shipments,
    IReadOnlyList<DeadOrder> DeadOrders);

internal sealed record InvoiceRow(Guid OrderId, decimal Amount);

/// <summary>One line of Billing's <c>GET /dead-letters</c>.</summary>
/// <param name="OrderId">The order; null where Billing could not read the message.</param>
/// <param name="Reason">Why it was given up.</param>
internal sealed record DeadOrder(Guid? OrderId, string Reason);
