using ReliableMq.Alerting;

namespace ReliableMq.Outbox;

/// <summary>What operators hear of messages that do not leave.</summary>
internal static class OutboxAlerts
{
    public static AlertRaise Failed(FailedRow failed) => new(
        AlertKinds.OutboxFailed,
        GroupOf(new Destination(failed.Row.Exchange, failed.Row.RoutingKey), failed.Failure.Kind),
        AlertSeverity.Error,
        $"Messages like \"{failed.Row.Name}\" failed for good and wait for an operator in the outbox.",
        failed.Row.MessageId,
        failed.Failure.Error);

    public static AlertRaise Undeliverable(Destination destination, Failure failure) => new(
        AlertKinds.Undeliverable,
        GroupOf(destination, failure.Kind),
        AlertSeverity.Warning,
        $"Messages to the exchange \"{destination.Exchange}\" with the routing key \"{destination.RoutingKey}\" cannot be delivered and wait in the outbox.",
        Reason: failure.Error);

    private static string GroupOf(Destination destination, string kind) => $"{destination.Exchange} {destination.RoutingKey} {kind}";
}
