namespace ReliableMq.Alerting;

/// <summary>What is raised. Operators filter by these, so they stay as they are.</summary>
internal static class AlertKinds
{
    public const string DeadLetter = "dead-letter";

    /// <summary>Dead letters are stuck on the broker, so that nobody stores them.</summary>
    public const string DeadLetterBacklog = "dead-letter-backlog";

    /// <summary>Messages have waited for long behind an earlier one of their ordering key.</summary>
    public const string Parked = "parked";

    /// <summary>Messages wait in the outbox for an operator.</summary>
    public const string OutboxFailed = "outbox-failed";

    /// <summary>The broker's topology is not as needed.</summary>
    public const string Topology = "topology";

    /// <summary>A destination has not taken messages for some minutes.</summary>
    public const string Undeliverable = "undeliverable";
}
