namespace ReliableMq;

/// <summary>Whether the messages of a queue are handled one after the other.</summary>
public enum QueueOrder
{
    /// <summary>Several at once, in any order.</summary>
    None,

    /// <summary>
    /// One at a time, in the order of the queue. A failing message holds back those with its ordering key; those
    /// without a key hold back one another.
    /// </summary>
    OneAtATime,

    /// <summary>
    /// Messages with the same ordering key one after the other, different keys at once. A failing message holds
    /// back its own key. Messages without a key have no order.
    /// </summary>
    ByKey,
}
