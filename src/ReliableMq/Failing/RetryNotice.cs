using Microsoft.Extensions.Logging;
using ReliableMq.Diagnostics;
using ReliableMq.Receiving;

namespace ReliableMq.Failing;

/// <summary>Says that a message comes back, and why.</summary>
internal static class RetryNotice
{
    public static void Tell(ILogger logger, int attempt, Delivery delivery, Exception exception, TimeSpan delay)
    {
        if (exception is UnknownMessageException)
        {
            LogMessages.Deferred(logger, delivery, delay);
        }
        else if (FailureRules.Counts(exception))
        {
            LogMessages.AttemptFailed(logger, attempt, delivery, exception.GetType().Name, exception.Message, delay);
        }
        else
        {
            LogMessages.RetryAsked(logger, delivery, delay);
        }
    }
}
