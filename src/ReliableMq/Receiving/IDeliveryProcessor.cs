namespace ReliableMq.Receiving;

/// <summary>Does something with a delivery and says what becomes of it: handling, or storing a dead letter.</summary>
internal interface IDeliveryProcessor
{
    /// <summary>Never throws: every end of an attempt is a settlement.</summary>
    /// <param name="delivery">The delivery.</param>
    /// <param name="holds">Counts what is held for a delay.</param>
    /// <param name="givingUp">Cancelled when the stopping host waits no longer for what runs.</param>
    Task<Settlement> ProcessAsync(Delivery delivery, HoldBudget holds, CancellationToken givingUp);

    /// <summary>After <see cref="SettlementKind.Pause"/>: returns when deliveries make sense again.</summary>
    Task WaitUntilAbleAsync(CancellationToken stopping);

    /// <summary>The number of handlers that may run at once was changed, for one that counts by itself.</summary>
    void ChangeConcurrency(int concurrency)
    {
    }
}
