using ReliableMq.Alerting;

namespace ReliableMq.DeadLettering;

/// <summary>A dead letter as an operator hears of it: alike is what died in one queue of one cause.</summary>
internal static class DeadLetterAlert
{
    /// <param name="queue">Where it died.</param>
    /// <param name="messageId">The message.</param>
    /// <param name="cause">The type of the exception, or the broker's word.</param>
    /// <param name="reason">The full reason.</param>
    public static AlertRaise Of(string queue, string messageId, string cause, string reason) => new(
        AlertKinds.DeadLetter, $"{queue}: {cause}", AlertSeverity.Error,
        $"Messages of \"{queue}\" became dead letters because of {cause}. Replay them when the cause is mended.", messageId, reason);
}
