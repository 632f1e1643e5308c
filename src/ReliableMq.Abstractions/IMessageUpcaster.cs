namespace ReliableMq;

/// <summary>
/// Turns an old form of a message into the one that followed it, so that only the newest needs a handler. Added with
/// <c>AddUpcaster</c>; one instance serves the application, several threads at once. What it throws makes the message
/// unreadable: it is dead-lettered at once.
/// </summary>
/// <typeparam name="TOld">The old message. Queues whose handlers take <typeparamref name="TNew"/> are bound to it, too.</typeparam>
/// <typeparam name="TNew">The message that followed; another upcaster may start from it.</typeparam>
public interface IMessageUpcaster<in TOld, out TNew>
    where TOld : notnull
    where TNew : notnull
{
    /// <summary>Makes the new message of an old one; never null.</summary>
    TNew Upcast(TOld message);
}
