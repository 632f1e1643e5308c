namespace ReliableMq.Broker;

/// <summary>How a publish ended.</summary>
internal enum PublishResult
{
    /// <summary>Confirmed and not returned: the only one that finishes a row.</summary>
    Confirmed,

    /// <summary>No queue takes it (<c>basic.return</c>). Counts against the message.</summary>
    Returned,

    /// <summary>The broker refused it (<c>basic.nack</c>). Counts against the message.</summary>
    Nacked,

    /// <summary>No confirm in time. Counts against the message.</summary>
    TimedOut,

    /// <summary>The broker closed the channel over this very message. Counts against the message.</summary>
    Refused,

    /// <summary>The broker closed the channel while it waited: this message or another is the reason.</summary>
    Suspect,

    /// <summary>The channel or connection was lost: nothing is known, and the message is not to blame.</summary>
    Lost,

    /// <summary>Not published, because its time is over.</summary>
    Expired,
}

internal readonly record struct PublishOutcome(PublishResult Result, string? Reason = null)
{
    public static readonly PublishOutcome Confirmed = new(PublishResult.Confirmed);
}
