namespace ReliableMq;

/// <summary>What the broker needs to have, and who sees to it: section <c>ReliableMq:Topology</c>.</summary>
public sealed class TopologyOptions
{
    /// <summary>Whether exchanges, queues and bindings are declared, only checked, or left alone.</summary>
    /// <value>Default: <see cref="TopologyMode.Create"/>.</value>
    public TopologyMode Mode { get; set; }

    /// <summary>How often the broker's topology is compared with what is needed. It also is after each connect.</summary>
    /// <value>Default: 30 seconds. From 1 second to 1 day.</value>
    public TimeSpan CheckInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How exchanges and dead-letter queues are named. An <see cref="INamingPolicy"/> among the application's
    /// services wins over it.
    /// </summary>
    /// <value>Default: <see cref="TopologyNaming.Domain"/>.</value>
    public TopologyNaming Naming { get; set; }
}

/// <summary>Who brings exchanges, queues and bindings to the broker.</summary>
public enum TopologyMode
{
    /// <summary>The library declares what is missing and reports what differs. It never deletes or replaces.</summary>
    Create,

    /// <summary>The library declares nothing; what is missing or differs is reported.</summary>
    Verify,

    /// <summary>The library neither declares nor checks.</summary>
    None,
}

/// <summary>The naming policies that the library brings.</summary>
public enum TopologyNaming
{
    /// <summary>
    /// The exchange is the first part of the message's name, queues are named freely and their dead-letter
    /// queue is <c>&lt;queue&gt;.dead</c>.
    /// </summary>
    Domain,

    /// <summary>
    /// Names say who sends to whom: <c>SALE_TO_PRODUCT_EXCHANGE</c>, <c>SALE_TO_PRODUCT_QUEUE</c> and
    /// <c>SALE_TO_PRODUCT_QUEUE_DEAD</c> for a message <c>sale.…</c> with the target <c>product</c>.
    /// </summary>
    SourceToTarget,
}
