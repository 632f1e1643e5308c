namespace ReliableMq;

/// <summary>How long is remembered what was handled: section <c>ReliableMq:Inbox</c>.</summary>
public sealed class InboxOptions
{
    /// <summary>
    /// How long a handled message is recognised when it comes once more, and how long a discarded one is kept. A
    /// delivery first sent before what is still remembered is dead-lettered, because nobody knows whether it was
    /// handled. Keep it above the time after which senders may send something again.
    /// </summary>
    /// <value>Default: 14 days. From 1 hour to 10 years.</value>
    public TimeSpan KeepHandled { get; set; } = TimeSpan.FromDays(14);
}
