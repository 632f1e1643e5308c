using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using ReliableMq.Diagnostics;

namespace ReliableMq.Broker;

/// <summary>
/// Keeps credentials that expire fresh on an open connection. A broker closes a connection whose token has run
/// out; until then each failure is tried again.
/// </summary>
internal sealed class SecretRefresh(string purpose, IBrokerCredentialsProvider provider, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>At three quarters of the time left, and never at once: a provider may give the same again and again.</summary>
    public static TimeSpan DelayFor(TimeSpan left)
    {
        // A timer takes no more than 49 days.
        var delay = TimeSpan.FromSeconds(Math.Min(left.TotalSeconds * 0.75, TimeSpan.FromDays(7).TotalSeconds));
        return delay > TimeSpan.FromSeconds(1) ? delay : TimeSpan.FromSeconds(1);
    }

    /// <summary>Returns when the credentials last, or the connection has ended.</summary>
    public async Task RunAsync(IConnection connection, BrokerCredentials credentials, CancellationToken ended)
    {
        try
        {
            for (var failures = 0; credentials.ExpiresAt is { } expiresAt;)
            {
                var delay = failures == 0
                    ? DelayFor(expiresAt - time.GetUtcNow())
                    : Backoff.Delay(failures, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), Random.Shared.NextDouble());
                await Task.Delay(delay, time, ended);
                try
                {
                    var fresh = await provider.GetAsync(ended).AsTask().WaitAsync(Patience, time, ended);
                    await connection.UpdateSecretAsync(fresh.Password, "the former one expires", ended);
                    credentials = fresh;
                    failures = 0;
                    LogMessages.SecretRefreshed(logger, purpose, fresh.ExpiresAt);
                }
                catch (Exception exception) when (!ended.IsCancellationRequested)
                {
                    failures++;
                    LogMessages.SecretNotRefreshed(logger, purpose, expiresAt, exception.Message);
                }
            }
        }
        catch (Exception) when (ended.IsCancellationRequested)
        {
            // The next connection takes credentials of its own.
        }
    }
}
