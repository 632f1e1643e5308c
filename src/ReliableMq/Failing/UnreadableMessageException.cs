namespace ReliableMq.Failing;

/// <summary>The delivery's body or id cannot be read, today or tomorrow.</summary>
internal sealed class UnreadableMessageException(string message, Exception? inner = null) : ReliableMqException(message, inner!);
