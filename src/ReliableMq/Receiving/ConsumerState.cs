namespace ReliableMq.Receiving;

/// <summary>What health says of one consumer.</summary>
/// <param name="IsConsuming">Whether the broker hands it messages.</param>
/// <param name="Description">What it does, or why it does not consume.</param>
/// <param name="IsPaused">Whether an operator wanted it so.</param>
internal sealed record ConsumerState(bool IsConsuming, string Description, bool IsPaused = false);
