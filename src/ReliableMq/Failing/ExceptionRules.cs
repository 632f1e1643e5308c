using System.Reflection;
using Npgsql;

namespace ReliableMq.Failing;

/// <summary>
/// The rules about what a handler throws, from those nearest to it to the built-in ones. The first level with a rule
/// that applies decides.
/// </summary>
internal sealed class ExceptionRules
{
    /// <summary>PostgreSQL asks for these to be tried again (https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html).</summary>
    private static readonly ExceptionRule[] BuiltIn =
    [
        new(typeof(PostgresException), OnFailure.RetryNow,
            When: exception => exception is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected }),
    ];

    private readonly ExceptionRule[][] _levels;

    private ExceptionRules(params ExceptionRule[][] levels) => _levels = levels;

    /// <summary>For what no handler takes.</summary>
    public static readonly ExceptionRules None = new();

    /// <param name="handler">Has rules of its method and of its class.</param>
    /// <param name="global">Of a type, those with a condition go before the one without.</param>
    public static ExceptionRules Of(HandlerDefinition handler, IEnumerable<ExceptionRule> global) => new(
        [.. handler.OnException.Select(ExceptionRule.Of)],
        [.. handler.OnExceptionOfClass.Select(ExceptionRule.Of)],
        [.. global.OrderBy(rule => rule.When is null)],
        BuiltIn);

    /// <summary>
    /// What was thrown, out of what merely carries it: <see cref="TargetInvocationException"/>, and an
    /// <see cref="AggregateException"/> of one, as <c>Task.Wait</c> throws it.
    /// </summary>
    public static Exception Thrown(Exception exception) => exception switch
    {
        TargetInvocationException { InnerException: { } inner } => Thrown(inner),
        AggregateException { InnerExceptions: [var only] } => Thrown(only),
        _ => exception,
    };

    /// <returns>Null where none applies, or where the exception says itself what follows.</returns>
    public ExceptionRule? Find(Exception exception)
    {
        if (Thrown(exception) is HandlerVerdictException or PermanentFailureException or NotThrownException)
        {
            return null;
        }

        var causes = CausesOf(exception);
        foreach (var level in _levels)
        {
            var applying = causes.SelectMany(cause => level.Where(rule => rule.IsAbout(cause))).ToList();
            if (applying.Find(rule => !applying.Exists(other => other.Type.IsSubclassOf(rule.Type))) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>
    /// The exception and what caused it, outermost first. Of several at once (<see cref="AggregateException"/>) none is
    /// the cause; and what a handler throws when its time is over says nothing but that.
    /// </summary>
    private static List<Exception> CausesOf(Exception exception)
    {
        var causes = new List<Exception>();
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            causes.Add(cause);
            if (cause is TimeoutException or AggregateException { InnerExceptions.Count: > 1 })
            {
                break;
            }
        }

        return causes;
    }
}
