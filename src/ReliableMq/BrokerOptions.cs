namespace ReliableMq;

/// <summary>How to reach RabbitMQ: section <c>ReliableMq:Broker</c>.</summary>
public sealed class BrokerOptions
{
    /// <summary>
    /// One or more hosts, separated by commas, each with an optional port: <c>"rabbit-1:5672, rabbit-2"</c>.
    /// They are tried in random order.
    /// </summary>
    /// <value>Required; the port is 5672 where not given, 5671 with TLS.</value>
    public string Hosts { get; set; } = "";

    /// <summary>The virtual host.</summary>
    /// <value>Default: <c>/</c>.</value>
    public string VirtualHost { get; set; } = "/";

    /// <summary>The user's name, read anew at each connect.</summary>
    /// <value>Default: <c>guest</c>, which RabbitMQ accepts from its own machine only.</value>
    public string UserName { get; set; } = "guest";

    /// <summary>The user's password, read anew at each connect.</summary>
    /// <value>Default: <c>guest</c>.</value>
    public string Password { get; set; } = "guest";

    /// <summary>Encryption and certificates.</summary>
    public BrokerTlsOptions Tls { get; } = new();

    /// <summary>
    /// The address of RabbitMQ's management plugin, such as <c>http://rabbit-1:15672</c>, for checks of bindings,
    /// arguments and policies that AMQP has no question for. The user needs the tag <c>management</c>.
    /// </summary>
    /// <value>Default: null, the plugin is not asked.</value>
    public string? ManagementUrl { get; set; }

    /// <summary>How often each side proves that it is alive; a dead link is given up after two times this time, or little more.</summary>
    /// <value>Default: 5 seconds. From 1 second to a sixth of <see cref="OutboxOptions.Lease"/>. The broker may ask for less.</value>
    /// <remarks>
    /// The broker drops a silent connection within three heartbeats (its <c>rabbit_heartbeat</c> looks once in each, and
    /// ends the connection after two without a change). A process sends what it has claimed in the first half of the
    /// lease only, so what one that was stopped then still had in its buffers is gone when the lease is over, and others
    /// may send the same rows.
    /// </remarks>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long to wait for the broker's confirm of a message before it is sent again.</summary>
    /// <value>Default: 10 seconds. From 1 second to half of <see cref="OutboxOptions.Lease"/>.</value>
    public TimeSpan ConfirmTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The broker's own <c>consumer_timeout</c>: how long it waits for a delivery to be settled before it takes it
    /// away and closes the channel. Say here what it says there
    /// (https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout). From its receipt a delivery has a third
    /// of it to start, or goes back to the queue; a handler's timeout is at most another third.
    /// </summary>
    /// <value>Default: 30 minutes, RabbitMQ's own. From 3 minutes to 7 days.</value>
    public TimeSpan ConsumerTimeout { get; set; } = DefaultConsumerTimeout;

    internal static readonly TimeSpan DefaultConsumerTimeout = TimeSpan.FromMinutes(30);

    /// <summary>The largest message body in bytes. A larger one is refused when it is added.</summary>
    /// <value>Default: 16 MiB, what RabbitMQ accepts from 4.0 (128 MiB before). From 1 to 536,870,912 (512 MiB).</value>
    public int MaxMessageBytes { get; set; } = 16 * 1024 * 1024;
}
