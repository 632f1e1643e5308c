using ReliableMq.Failing;
using ReliableMq.Receiving;

namespace ReliableMq.Inbox;

/// <summary>
/// Decides whether the inbox would still know a message if it had been handled. What was handled was sent before;
/// so a message first sent after all that the queue's inbox has forgotten is new if it is not there.
/// </summary>
internal static class Horizon
{
    /// <summary>
    /// How far ahead the sender's clock may be. Rows are kept longer by this time, so that it shortens no
    /// <see cref="InboxOptions.KeepHandled"/>.
    /// </summary>
    public static readonly TimeSpan ClockMargin = TimeSpan.FromHours(1);

    /// <param name="delivery">It is not in the inbox and never failed.</param>
    /// <param name="forgottenUntil">When the newest message was handled that the inbox has forgotten; null if it forgot none.</param>
    public static bool IsTooOld(Delivery delivery, DateTimeOffset? forgottenUntil) =>
        delivery.FirstSentAt is { } sentAt && forgottenUntil is { } forgotten && sentAt - ClockMargin <= forgotten;
}

/// <summary>Nobody knows any more whether the message was handled.</summary>
internal sealed class TooOldToDedupeException(Delivery delivery, DateTimeOffset forgottenUntil) : UnfitDeliveryException(
    $"The message \"{delivery.Name}\" was first sent at {delivery.FirstSentAt:O}, but the inbox of \"{delivery.Queue}\" no longer knows all that was handled until {forgottenUntil:O}, so it may have been handled before. Replay it if its effect is missing, discard it if not. If such messages are expected, raise \"ReliableMq:Inbox:KeepHandled\".");

/// <summary>Two messages have one id, and the other one came first.</summary>
internal sealed class MessageIdUsedTwiceException : UnfitDeliveryException
{
    private MessageIdUsedTwiceException(Delivery delivery, string first)
        : base($"The message \"{delivery.Name}\" has the id \"{delivery.MessageId}\", but a message with this id and another body {first}. Two messages need two ids: correct the sender, and replay this one, which is kept under an id of its own, if its effect is missing.")
    {
        Sent = delivery;
    }

    /// <summary>The second, under the id that it was sent with.</summary>
    public Delivery Sent { get; }

    public static MessageIdUsedTwiceException Handled(Delivery delivery, DateTimeOffset at) => new(delivery, $"was handled at {at:O}");

    /// <param name="delivery">The second.</param>
    /// <param name="state">Of the first, in <c>failure</c>.</param>
    public static MessageIdUsedTwiceException Failed(Delivery delivery, string state) => new(delivery, $"has failed and is {state}");

    public static MessageIdUsedTwiceException Parked(Delivery delivery) => new(delivery, "is parked behind its ordering key");
}
