using System.Net.Sockets;
using Npgsql;
using ReliableMq.Inbox;

namespace ReliableMq.Failing;

/// <summary>The decisions about failed attempts, without a clock, a broker or a database.</summary>
internal static class FailureRules
{
    /// <summary>Delays up to this are spent holding the delivery; longer ones in the database.</summary>
    public static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(30);

    /// <summary>Between looks for a handler of a deferred message.</summary>
    private static readonly TimeSpan ShortestDefer = TimeSpan.FromSeconds(1), LongestDefer = TimeSpan.FromMinutes(1);

    /// <summary>Whether it used up one of the message's attempts.</summary>
    public static bool Counts(Exception exception) =>
        ExceptionRules.Thrown(exception) is not (HandlerVerdictException { Verdict: HandlerVerdict.RetryAfter } or UnknownMessageException);

    /// <summary>
    /// What follows a failed attempt. What the handler says itself goes before rules, and rules before the queue's
    /// policy; its total time bounds them all.
    /// </summary>
    public static Verdict Decide(FailedAttempt failure, RetryPolicy policy, ExceptionRules rules)
    {
        var thrown = ExceptionRules.Thrown(failure.Exception);
        var verdict = thrown switch
        {
            HandlerVerdictException { Verdict: HandlerVerdict.RetryAfter { Delay: var delay } } => new Verdict.Retry(delay),
            HandlerVerdictException { Verdict: HandlerVerdict.Discard } => new Verdict.Discard(thrown.Message),
            HandlerVerdictException or PermanentFailureException or UnfitDeliveryException => new Verdict.DeadLetter(thrown.Message),
            ProcessEndedException { IsLast: true } => new Verdict.DeadLetter(thrown.Message),
            ProcessEndedException => new Verdict.Retry(AfterProcessEnded(failure.Attempt, policy)),
            UnknownMessageException => Defer(failure, thrown.Message, policy.DeferUnknown),
            _ => ByRule(failure, thrown.Message, policy, rules.Find(failure.Exception)),
        };
        return verdict is Verdict.Retry { Delay: var next } && failure.Age + next > policy.For
            ? new Verdict.DeadLetter(
                $"{thrown.Message} It was not tried again: the next attempt, in {Duration.Text(next)}, would have begun later than {Duration.Text(policy.For.Value)} (RetryFor) after its first failure.")
            : verdict;
    }

    private static Verdict ByRule(FailedAttempt failure, string reason, RetryPolicy policy, ExceptionRule? rule) => rule switch
    {
        { Then: OnFailure.DeadLetter } => new Verdict.DeadLetter(reason),
        { Then: OnFailure.Discard } => new Verdict.Discard(reason),
        _ => policy.DelayAfter(failure.Attempt, failure.Random) is { } delay ? new Verdict.Retry(rule?.Delay ?? delay) : new Verdict.DeadLetter(reason),
    };

    /// <summary>After as long again as it has waited already, with a last look when the time is over.</summary>
    private static Verdict Defer(FailedAttempt failure, string reason, TimeSpan limit)
    {
        var left = limit - failure.Age;
        var delay = TimeSpan.FromTicks(Math.Clamp(failure.Age.Ticks, ShortestDefer.Ticks, LongestDefer.Ticks));
        return left > TimeSpan.Zero
            ? new Verdict.Retry(delay < left ? delay : left)
            : new Verdict.DeadLetter($"{reason} It was deferred for {Duration.Text(limit)} (DeferUnknown), in case that a newer version of the service takes it.");
    }

    /// <summary>Its own number counts, not that of the policy's attempts, which may be none.</summary>
    private static TimeSpan AfterProcessEnded(int attempt, RetryPolicy policy) =>
        policy.Delays.Count == 0 ? TimeSpan.FromSeconds(1) : policy.Delays[Math.Min(attempt, policy.Delays.Count) - 1];

    /// <summary>
    /// Whether the exception looks as if the database could not be reached or could not do its work. A look only: an
    /// independent probe decides, because one message may fail like this for ever while the database is well.
    /// </summary>
    public static bool LooksLikeDatabaseDown(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            switch (exception)
            {
                case PostgresException postgres:
                    // Connection, sign-in, no such database, insufficient resources, operator intervention, system and
                    // internal errors (https://www.postgresql.org/docs/current/errcodes-appendix.html), a server that has
                    // become a standby, and whatever else ends the session: with a full disk a new one may end with XX000.
                    return postgres.SqlState[..2] is "08" or "28" or "3D" or "53" or "58" or "XX"
                        || postgres.SqlState.StartsWith("57P", StringComparison.Ordinal)
                        || postgres.SqlState == PostgresErrorCodes.ReadOnlySqlTransaction
                        || postgres.InvariantSeverity is "FATAL" or "PANIC";
                case NpgsqlException when IsPoolExhausted(exception):
                    // The database is well; this process asks for too much of it.
                    return false;
                case NpgsqlException or SocketException or EndOfStreamException:
                case InvalidOperationException when IsBrokenConnection(exception):
                    return true;
            }
        }

        return false;
    }

    /// <summary>What the database or its driver said, which Entity Framework may have wrapped in words of its own.</summary>
    public static Exception CauseOf(Exception exception)
    {
        for (var inner = exception; inner is not null; inner = inner.InnerException)
        {
            if (inner is NpgsqlException)
            {
                return inner;
            }
        }

        return exception;
    }

    /// <summary>How Npgsql 10.0.0 tells of a connection that breaks while a command begins (https://github.com/npgsql/npgsql/issues/6415).</summary>
    private static bool IsBrokenConnection(Exception exception) => exception is ObjectDisposedException { ObjectName: var name }
        ? name == typeof(ManualResetEventSlim).FullName && exception.StackTrace?.Contains("Npgsql.", StringComparison.Ordinal) == true
        : exception.Message == "Connection is not open";

    public static bool IsPoolExhausted(Exception? exception) =>
        exception is not null
        && ((exception is NpgsqlException && exception.Message.StartsWith("The connection pool has been exhausted", StringComparison.Ordinal)) || IsPoolExhausted(exception.InnerException));
}
