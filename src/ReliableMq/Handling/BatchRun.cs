using System.Diagnostics;
using Microsoft.Extensions.Logging;
using ReliableMq.Diagnostics;
using ReliableMq.Receiving;
using ReliableMq.Timing;

namespace ReliableMq.Handling;

/// <summary>
/// One attempt of a batch, whatever runs it. What goes wrong in it says nothing of a single message: then each is
/// handled by itself, which counts its attempts, and the good ones are done.
/// </summary>
internal sealed class BatchRun(
    QueueSettings settings, Func<IReadOnlyList<ReadMessage>, CancellationToken, CancellationToken, Task<IReadOnlyList<ReadMessage>>> run, ReliableMqMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>How logs call a batch.</summary>
    public static string Name(IReadOnlyList<ReadMessage> batch) => $"a batch of {batch.Count}, the first {batch[0].Delivery}";

    /// <returns>The messages that are done.</returns>
    public async Task<IReadOnlySet<ReadMessage>> HandleAsync(IReadOnlyList<ReadMessage> messages, CancellationToken givingUp)
    {
        var batch = messages.Where(message => !message.IsExpired(time.GetUtcNow())).ToArray();
        if (batch.Length == 0 || !messages.All(message => settings.MayStart(time.GetElapsedTime(message.Delivery.ReceivedTimestamp))))
        {
            return new HashSet<ReadMessage>();
        }

        var startedAt = time.GetTimestamp();
        using var activity = Telemetry.StartProcess([.. batch.Select(message => message.Delivery)]);
        using var timeout = new TimeLimit(settings.Timeout, time, givingUp);
        try
        {
            var done = await run(batch, timeout.Token, givingUp);
            foreach (var message in done)
            {
                metrics.Handled(message.Delivery.Queue, time.GetElapsedTime(startedAt), errorType: null, message.Delivery.SentAt);
            }

            return done.ToHashSet();
        }
        catch (Exception exception)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
            if (!givingUp.IsCancellationRequested)
            {
                LogMessages.BatchFailed(logger, batch.Length, settings.Queue, exception.GetType().Name, exception.Message);
            }

            return new HashSet<ReadMessage>();
        }
    }
}
