namespace ReliableMq.Broker.Naming;

/// <summary>
/// Names that say who sends to whom. The source is the first part of the message's name; a message without a
/// target is for whoever binds, so that each of its queues names its own receiver.
/// </summary>
internal sealed class SourceToTargetNaming : INamingPolicy
{
    public string ExchangeOf(string messageName, string? target) =>
        target is null ? $"{Source(messageName)}_EXCHANGE" : $"{Source(messageName)}_TO_{Upper(target)}_EXCHANGE";

    public string DeadLetterQueueOf(string queue) => queue + "_DEAD";

    public string? ExpectedQueue(string queue, string messageName, string? target)
    {
        if (target is not null)
        {
            var expected = $"{Source(messageName)}_TO_{Upper(target)}_QUEUE";
            return queue == expected ? null : expected;
        }

        var (before, after) = ($"{Source(messageName)}_TO_", "_QUEUE");
        var receiver = queue.Length - before.Length - after.Length;
        return receiver > 0 && queue.StartsWith(before, StringComparison.Ordinal) && queue.EndsWith(after, StringComparison.Ordinal)
            && queue.AsSpan(before.Length, receiver).ContainsAnyExcept(Allowed) is false
            ? null
            : $"{before}<RECEIVER>{after}";
    }

    private static string Source(string messageName) => Upper(MessageNames.DomainOf(messageName));

    private static string Upper(string part) => part.ToUpperInvariant().Replace('-', '_');

    private static readonly System.Buffers.SearchValues<char> Allowed = System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}
