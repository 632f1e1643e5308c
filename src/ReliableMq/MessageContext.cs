using System.Diagnostics.CodeAnalysis;
using Npgsql;
using ReliableMq.Failing;

namespace ReliableMq;

/// <summary>
/// What is known about the message being handled, and what its handler may decide about it. A handler asks for it
/// as a parameter.
/// </summary>
public sealed class MessageContext
{
    /// <summary>The id given by the sender, or one that was derived for a message without one; the inbox handles each id once per queue.</summary>
    public required string MessageId { get; init; }

    /// <summary>
    /// The name under which it arrived: its permanent name, such as <c>orders.order-placed.v1</c>, an alias or the name of an
    /// older version, or what a foreign sender gave.
    /// </summary>
    public required string MessageName { get; init; }

    /// <summary>The queue it came from.</summary>
    public required string Queue { get; init; }

    /// <summary>The number of this attempt, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>Whether the broker says that it delivered this message before: a hint, not a proof.</summary>
    public required bool Redelivered { get; init; }

    /// <summary>The id shared by all messages of one business process, where the sender gave one.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>The id of the message whose handling caused this one.</summary>
    public string? CausationId { get; init; }

    /// <summary>When the sender stored the message or, if later, it was due, by its database's clock; null for foreign senders.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>When this process received the delivery.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>The sender's ordering key, where it gave one.</summary>
    public string? OrderingKey { get; init; }

    /// <summary>The headers of the delivery. Text arrives as <see cref="string"/>.</summary>
    public required IReadOnlyDictionary<string, object?> Headers { get; init; }

    /// <summary>
    /// Cancelled when the handler's time is up or the host stops. Also passed to a handler's
    /// <see cref="System.Threading.CancellationToken"/> parameter.
    /// </summary>
    public required CancellationToken CancellationToken { get; init; }

    /// <summary>
    /// The transaction in which the message is handled: what is written in it is committed with the message's inbox
    /// row or not at all. ReliableMq ends it. Null for handlers without an inbox.
    /// </summary>
    public NpgsqlTransaction? Transaction { get; internal set; }

    internal HandlerVerdict? Verdict { get; private set; }

    /// <summary>
    /// Ends this attempt here: what the handler did is rolled back, and the message comes again after the delay.
    /// It does not count as an attempt.
    /// </summary>
    /// <param name="delay">At least 100 ms (a shorter one is made so), at most 365 days.</param>
    [DoesNotReturn]
    public void RetryAfter(TimeSpan delay)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(delay, HandlerVerdict.LongestDelay);
        End(new HandlerVerdict.RetryAfter(delay < HandlerVerdict.ShortestDelay ? HandlerVerdict.ShortestDelay : delay));
    }

    /// <summary>Ends this attempt here: what the handler did is rolled back, and the message is dead-lettered.</summary>
    /// <param name="reason">What operators are told.</param>
    [DoesNotReturn]
    public void DeadLetter(string reason)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        End(new HandlerVerdict.DeadLetter(reason));
    }

    /// <summary>
    /// Ends this attempt here: what the handler did is rolled back, and the message is never handled. It is kept
    /// among the dead letters, as discarded and without an alert.
    /// </summary>
    /// <param name="reason">What operators are told who look for it.</param>
    [DoesNotReturn]
    public void Discard(string reason)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        End(new HandlerVerdict.Discard(reason));
    }

    [DoesNotReturn]
    private void End(HandlerVerdict verdict)
    {
        // Kept here, too: a handler that catches everything does not change it.
        Verdict = verdict;
        throw new HandlerVerdictException(verdict);
    }
}
