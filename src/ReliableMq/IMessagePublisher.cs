namespace ReliableMq;

/// <summary>
/// Publishes without a database, for services that have none. What must not be lost when this process dies
/// before the call returns belongs into an outbox instead.
/// </summary>
public interface IMessagePublisher
{
    /// <summary>Publishes a message and returns after the broker has confirmed it and did not return it.</summary>
    /// <param name="message">An instance of a type marked with <see cref="MessageAttribute"/>, or a <see cref="RawMessage"/>.</param>
    /// <param name="options">What else is to be said. What has to wait needs an outbox: <see cref="MessageOptions.DeliverAt"/>,
    /// <see cref="MessageOptions.DeliverAfter"/> and <see cref="MessageOptions.OrderingKey"/>.</param>
    /// <param name="cancellationToken">
    /// Ends the waiting: for a connection, which has no other limit, or for the confirm. Once published the message may arrive all the same.
    /// </param>
    /// <exception cref="MessageReturnedException">No queue takes the message.</exception>
    /// <exception cref="MessageNackedException">The broker refused the message.</exception>
    /// <exception cref="MessageUnconfirmedException">
    /// No confirm within <see cref="BrokerOptions.ConfirmTimeout"/>, or the channel was lost: the message may or
    /// may not arrive. Publish it again with the same message id; receivers handle an id once.
    /// </exception>
    /// <exception cref="ReliableMqException">
    /// The message cannot be published as it is: an option needs an outbox, it is too large or cannot be serialized, the
    /// broker does not accept it, or its exchange is missing and <see cref="TopologyMode"/> does not create it.
    /// </exception>
    Task PublishAsync(object message, MessageOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Publishes a message without waiting for a confirm: it is lost without a sign when the broker, the
    /// connection or the routing fails. For what is worthless a second later, such as a progress display.
    /// </summary>
    /// <param name="message">An instance of a type marked with <see cref="MessageAttribute"/>, or a <see cref="RawMessage"/>.</param>
    /// <param name="options">What else is to be said. What has to wait needs an outbox: <see cref="MessageOptions.DeliverAt"/>,
    /// <see cref="MessageOptions.DeliverAfter"/> and <see cref="MessageOptions.OrderingKey"/>.</param>
    /// <param name="cancellationToken">Ends the waiting for a connection.</param>
    Task PublishAndMayBeLostAsync(object message, MessageOptions? options = null, CancellationToken cancellationToken = default);
}
