namespace ReliableMq.Receiving;

/// <summary>Does something with a delivery and says what becomes of it: handling, or storing a dead letter.</summary>
internal interface IDeliveryProcessor
{
    /// <summary>Never throws: every end of an attempt is a settlement.</summary>
    Task<Settlement> ProcessAsync(Delivery delivery, HoldBudget holds, CancellationToken stopping);

    /// <summary>After <see cref="SettlementKind.Pause"/>: returns when deliveries make sense again.</summary>
    Task WaitUntilAbleAsync(CancellationToken stopping);
}
