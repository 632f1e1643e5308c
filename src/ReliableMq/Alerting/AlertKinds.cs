namespace ReliableMq.Alerting;

/// <summary>What is raised. Operators filter by these, so they stay as they are.</summary>
internal static class AlertKinds
{
    public const string DeadLetter = "dead-letter";

    public const string OutboxFailed = "outbox-failed";
}
