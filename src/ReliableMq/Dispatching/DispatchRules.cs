using Npgsql;
using ReliableMq.Broker;
using ReliableMq.Outbox;

namespace ReliableMq.Dispatching;

/// <summary>The decisions of the dispatcher, without a clock, a broker or a database.</summary>
internal static class DispatchRules
{
    /// <summary>A lost channel says nothing about the row; it is offered again soon.</summary>
    public static readonly TimeSpan ReleaseDelay = TimeSpan.FromMilliseconds(500);

    /// <summary>A destination that was tried in vain so often has failed for about a minute: somebody is told.</summary>
    public const int FailuresToAlert = 7;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A returned message waits for a binding and harms nobody; a nacked or unanswered one may already be in
    /// some of its queues, so each resend may copy it there and the delays grow longer.
    /// </summary>
    public static TimeSpan DelayAfter(PublishResult result, int attempts, double random) =>
        Backoff.Delay(attempts, FirstDelay, result == PublishResult.Returned ? TimeSpan.FromMinutes(1) : TimeSpan.FromMinutes(5), random);

    /// <summary>
    /// Whether no further attempt is made without an operator. A message that the broker refuses will not get
    /// better by itself; a missing route, a full queue or a silent one may, at any time.
    /// </summary>
    public static bool GivesUp(PublishResult result, int attempts, OutboxOptions options) =>
        result == PublishResult.Refused
            ? attempts >= options.MaxAttempts
            : options.MaxUndeliverableAttempts > 0 && attempts >= options.MaxUndeliverableAttempts;

    /// <summary>
    /// Whether the database will never take or give this very row: data, integrity, triggers and routines of the user,
    /// program limits, and what is damaged (https://www.postgresql.org/docs/current/errcodes-appendix.html). Everything
    /// else may pass.
    /// </summary>
    public static bool IsRefusal(string sqlState) => sqlState[..2] is "21" or "22" or "23" or "27" or "38" or "39" or "44" or "54" or "P0" || sqlState is PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted;

    public static string KindOf(PublishResult result) => result switch
    {
        PublishResult.Returned => "returned",
        PublishResult.Nacked => "nacked",
        PublishResult.TimedOut => "timed out",
        PublishResult.Refused => "refused",
        _ => throw new ArgumentOutOfRangeException(nameof(result), result, "Not a failure of the row."),
    };

    /// <summary>When to ask the database again.</summary>
    public static TimeSpan NextPoll(Poll poll, int limit, TimeSpan interval)
    {
        if (poll.Rows.Count == limit || poll.Keys.Count == limit)
        {
            return TimeSpan.Zero;
        }

        var next = poll.NextAvailable is { } due && due < interval ? due : interval;
        // A row that another process holds locked looks due for ever; it is not worth a hot loop.
        return next < MinPoll ? MinPoll : next;
    }

    /// <summary>How long this process may use a row by its own clock: to half its lease.</summary>
    public static TimeSpan UsableFor(TimeSpan remaining, TimeSpan lease) => remaining - lease / 2;

    private static readonly TimeSpan MinPoll = TimeSpan.FromMilliseconds(100);
}
