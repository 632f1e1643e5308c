using Shop.Contracts;

namespace Shop.Billing;

/// <summary>An order that cannot be billed. No retry mends it: it ends in the dead letters.</summary>
public sealed class OrderRefusedException(Guid orderId, Refusal refusal)
    : Exception($"Order {orderId} cannot be billed: {refusal}. Correct the order and place it again.");
