namespace ReliableMq.Failing;

/// <summary>Not thrown by a handler, so that no rule about what handlers throw applies.</summary>
internal abstract class NotThrownException(string message, Exception? inner = null) : ReliableMqException(message, inner!);

/// <summary>The delivery is no message that could be handled, today or tomorrow: it is dead-lettered at once.</summary>
internal abstract class UnfitDeliveryException(string message, Exception? inner = null) : NotThrownException(message, inner);

/// <summary>The delivery's body or id cannot be read.</summary>
internal sealed class UnreadableMessageException(string message, Exception? inner = null) : UnfitDeliveryException(message, inner);

/// <summary>No handler takes the message. A newer version of the service may: it is deferred first.</summary>
internal sealed class UnknownMessageException(string message) : NotThrownException(message);
