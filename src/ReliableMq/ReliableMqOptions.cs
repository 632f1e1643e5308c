namespace ReliableMq;

/// <summary>Everything that can be configured, bound from the section <c>ReliableMq</c>.</summary>
public sealed class ReliableMqOptions
{
    /// <summary>The name of this service, shown in logs, on the broker and to operators.</summary>
    /// <value>Default: the application's name.</value>
    public string? Service { get; set; }

    /// <summary>How to reach RabbitMQ.</summary>
    public BrokerOptions Broker { get; } = new();

    /// <summary>What the broker needs to have.</summary>
    public TopologyOptions Topology { get; } = new();

    /// <summary>The library's own tables.</summary>
    public DatabaseOptions Database { get; } = new();

    /// <summary>How stored messages are sent.</summary>
    public OutboxOptions Outbox { get; } = new();

    /// <summary>How long is remembered what was handled.</summary>
    public InboxOptions Inbox { get; } = new();

    /// <summary>How long is kept what operators have done with.</summary>
    public DeadLetterOptions DeadLetters { get; } = new();

    /// <summary>Who is told of alerts.</summary>
    public AlertOptions Alerts { get; } = new();

    /// <summary>Settings by queue name; they win over what <see cref="MessageHandlerAttribute"/> says.</summary>
    public Dictionary<string, QueueOptions> Queues { get; } = new(StringComparer.Ordinal);
}
