namespace ReliableMq.Receiving;

/// <summary>What health says of one consumer.</summary>
internal sealed record ConsumerState(bool IsConsuming, string Description);
