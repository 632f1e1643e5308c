using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Broker.Topology;
using ReliableMq.Outbox;

namespace ReliableMq.Dispatching;

/// <summary>Publishes at once, over a confirming channel shared by all callers.</summary>
internal sealed class MessagePublisher(ConfirmedPublisher publisher, MessageFactory factory, ReliableMqOptions options, TimeProvider time) : IMessagePublisher
{
    public async Task PublishAsync(object message, MessageOptions? messageOptions = null, CancellationToken cancellationToken = default)
    {
        var created = Create(message, messageOptions);
        var outcome = await publisher.PublishAsync(PublishOf(created), cancellationToken);
        var what = $"The message \"{created.Name}\" {created.MessageId}";
        switch (outcome.Result)
        {
            case PublishResult.Confirmed:
                return;
            case PublishResult.Returned:
                throw new MessageReturnedException($"{what} reached no queue. {outcome.Reason} Bind a queue, or publish it later.");
            case PublishResult.Nacked:
                throw new MessageNackedException($"{what} was not taken. {outcome.Reason} Look for a full queue with \"reject-publish\", and publish it later.");
            case PublishResult.Refused:
                throw new ReliableMqException($"{what} cannot be published. {outcome.Reason}");
            default:
                throw new MessageUnconfirmedException($"{what} may or may not arrive. {outcome.Reason} Publish it again with the same message id.");
        }
    }

    public async Task PublishAndMayBeLostAsync(object message, MessageOptions? messageOptions = null, CancellationToken cancellationToken = default) =>
        await publisher.SendAsync(PublishOf(Create(message, messageOptions)), cancellationToken);

    private Publish PublishOf(OutboxMessage message) =>
        new(message.Exchange, message.RoutingKey, Publishing.PropertiesOf(message, options.Service, time.GetUtcNow()), message.Body);

    private OutboxMessage Create(object message, MessageOptions? messageOptions)
    {
        ArgumentNullException.ThrowIfNull(message);
        var option = messageOptions switch
        {
            { DeliverAt: not null } => nameof(MessageOptions.DeliverAt),
            { DeliverAfter: not null } => nameof(MessageOptions.DeliverAfter),
            { OrderingKey: not null } => nameof(MessageOptions.OrderingKey),
            _ => null,
        };
        return option is null
            ? factory.Create(message, messageOptions)
            : throw new ReliableMqException($"{option} needs a place for the message to wait. Add it to an outbox, or publish it without {option}.");
    }
}
