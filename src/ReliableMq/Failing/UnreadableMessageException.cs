namespace ReliableMq.Failing;

/// <summary>The delivery is no message that could be handled, today or tomorrow: it is dead-lettered at once.</summary>
internal abstract class UnfitDeliveryException(string message, Exception? inner = null) : ReliableMqException(message, inner!);

/// <summary>The delivery's body or id cannot be read.</summary>
internal sealed class UnreadableMessageException(string message, Exception? inner = null) : UnfitDeliveryException(message, inner);
