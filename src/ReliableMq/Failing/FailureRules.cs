using System.Net.Sockets;
using Npgsql;
using ReliableMq.Inbox;

namespace ReliableMq.Failing;

/// <summary>The decisions about failed attempts, without a clock, a broker or a database.</summary>
internal static class FailureRules
{
    /// <summary>Delays up to this are spent holding the delivery; longer ones in the database.</summary>
    public static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(30);

    /// <summary>Whether it used up one of the message's attempts.</summary>
    public static bool Counts(Exception exception) => exception is not HandlerVerdictException { Verdict: HandlerVerdict.RetryAfter };

    /// <param name="attempt">The attempt that failed, from 1.</param>
    /// <param name="exception">What it failed with.</param>
    /// <param name="policy">The queue's policy.</param>
    public static Verdict Decide(int attempt, Exception exception, RetryPolicy policy) =>
        exception is HandlerVerdictException { Verdict: var own } ? own switch
        {
            HandlerVerdict.RetryAfter { Delay: var delay } => new Verdict.Retry(delay),
            HandlerVerdict.Discard => new Verdict.Discard(own.Reason),
            _ => new Verdict.DeadLetter(own.Reason),
        }
        : exception is PermanentFailureException or UnfitDeliveryException ? new Verdict.DeadLetter(exception.Message)
        : exception is ProcessEndedException { IsLast: var isLast } ? isLast ? new Verdict.DeadLetter(exception.Message) : new Verdict.Retry(AfterProcessEnded(attempt, policy))
        : attempt <= policy.Delays.Count ? new Verdict.Retry(policy.Delays[attempt - 1])
        : new Verdict.DeadLetter(exception.Message);

    /// <summary>Its own number counts, not that of the policy's attempts, which may be none.</summary>
    private static TimeSpan AfterProcessEnded(int attempt, RetryPolicy policy) =>
        policy.Delays.Count == 0 ? TimeSpan.FromSeconds(1) : policy.Delays[Math.Min(attempt, policy.Delays.Count) - 1];

    /// <summary>
    /// Whether the exception looks as if the database could not be reached. A look only: an independent probe
    /// decides, because one message may fail like this for ever while the database is well.
    /// </summary>
    public static bool LooksLikeDatabaseDown(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            switch (exception)
            {
                case PostgresException postgres:
                    // Connection, insufficient resources, operator intervention
                    // (https://www.postgresql.org/docs/current/errcodes-appendix.html).
                    return postgres.SqlState.StartsWith("08", StringComparison.Ordinal)
                        || postgres.SqlState.StartsWith("53", StringComparison.Ordinal)
                        || postgres.SqlState.StartsWith("57P", StringComparison.Ordinal);
                case NpgsqlException when IsPoolExhausted(exception):
                    // The database is well; this process asks for too much of it.
                    return false;
                case NpgsqlException or SocketException or EndOfStreamException:
                    return true;
            }
        }

        return false;
    }

    public static bool IsPoolExhausted(Exception? exception) =>
        exception is not null
        && ((exception is NpgsqlException && exception.Message.StartsWith("The connection pool has been exhausted", StringComparison.Ordinal)) || IsPoolExhausted(exception.InnerException));
}
