using ReliableMq;
using ReliableMq.Handling;
using ReliableMq.Outbox;

namespace Microsoft.EntityFrameworkCore;

/// <summary>Adds messages to a DbContext.</summary>
public static class ReliableMqDbContextExtensions
{
    /// <summary>
    /// Adds a message, in EF's sense of Add: <c>SaveChanges</c> writes it with the business rows, a rollback
    /// takes it with them, and it is sent after the commit. The message is serialized here; later changes to
    /// the object are not sent.
    /// </summary>
    /// <param name="context">A context registered with <c>AddOutbox</c> or <c>AddInbox</c>.</param>
    /// <param name="message">An instance of a type marked with <see cref="MessageAttribute"/>, or a <see cref="RawMessage"/>.</param>
    /// <param name="options">What else is to be said about the message.</param>
    /// <exception cref="ReliableMqException">
    /// The context has no outbox, or is another than the one in which a message is being handled; the type is not a
    /// message; the options contradict each other or are out of their limits; or the message is larger than
    /// <see cref="BrokerOptions.MaxMessageBytes"/> or cannot be serialized.
    /// </exception>
    public static void AddMessage(this DbContext context, object message, MessageOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(message);
        var staged = OutboxOptionsExtension.Find(context)
            ?? throw new ReliableMqException(
                $"The context \"{context.GetType().Name}\" has no outbox. Call AddReliableMq(…).AddOutbox<{context.GetType().Name}>() where the services are registered, and take the context from them.");
        HandlingScope.Current?.RefuseOther(context);
        staged.Add(staged.Extension.Factory.Create(message, options));
    }
}
