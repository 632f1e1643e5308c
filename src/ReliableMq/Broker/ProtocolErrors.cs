using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace ReliableMq.Broker;

/// <summary>
/// Whether the broker closed a connection over something that it was sent, such as a frame that is too large:
/// then an unconfirmed message may be the reason. See https://www.rabbitmq.com/amqp-0-9-1-reference#constants.
/// </summary>
internal static class ProtocolErrors
{
    public static bool Contains(ShutdownEventArgs? reason) =>
        reason is { Initiator: ShutdownInitiator.Peer, ReplyCode: >= Constants.FrameError and <= Constants.UnexpectedFrame };

    /// <summary>
    /// What a closed channel says of the message it was closed over. An exchange that is missing or may not be
    /// used is a matter of the destination, like a missing queue: it may come, and others suffer from it, too.
    /// </summary>
    public static PublishOutcome Refusal(ShutdownEventArgs? reason, string what) => new(
        reason?.ReplyCode is Constants.NotFound or Constants.AccessRefused ? PublishResult.Returned : PublishResult.Refused,
        $"{what}: {reason?.ReplyText}");
}
