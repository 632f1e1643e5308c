namespace ReliableMq;

/// <summary>
/// Surrounds every handler, inside the transaction of its message: what it writes is committed with the message,
/// and what it throws fails the attempt. Added with <c>AddHandlingFilter</c>; the first one added is the outermost.
/// It is made for each attempt by the services of that attempt.
/// </summary>
public interface IHandlingFilter
{
    /// <summary>
    /// Does what is to be done before and after, and calls <paramref name="next"/> once in between; otherwise the
    /// message is dead-lettered. To leave one unhandled, use the verdicts of its <see cref="MessageContext"/>.
    /// </summary>
    /// <param name="message">The message as the handler gets it.</param>
    /// <param name="context">What is known about it.</param>
    /// <param name="next">The next filter, or the handler.</param>
    ValueTask HandleAsync(object message, MessageContext context, Func<ValueTask> next);
}

/// <summary>Surrounds the handlers of one type of message.</summary>
/// <typeparam name="TMessage">The type, a base type of it or an interface.</typeparam>
/// <inheritdoc cref="IHandlingFilter"/>
public interface IHandlingFilter<in TMessage>
{
    /// <inheritdoc cref="IHandlingFilter.HandleAsync"/>
    ValueTask HandleAsync(TMessage message, MessageContext context, Func<ValueTask> next);
}
