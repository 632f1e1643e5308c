using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using ReliableMq.Broker;
using ReliableMq.Diagnostics;

namespace ReliableMq.Receiving;

/// <summary>
/// Consumes one queue for as long as the process runs: connection after connection, channel after channel.
/// </summary>
internal sealed class QueueConsumer(
    string queue, QueueSettings settings, IDeliveryProcessor processor, Func<IConnection, CancellationToken, Task> declare,
    BrokerConnection broker, TimeProvider time, ILogger<QueueConsumer> logger)
{
    // Shared by all channels that follow one another, so that a handler still running on a lost one counts.
    private readonly SemaphoreSlim _slots = new(settings.Slots);

    public string Queue => queue;

    public ConsumerState State { get; private set; } = new(false, "not started");

    public async Task RunAsync(CancellationToken stopping, CancellationToken givingUp)
    {
        var failures = 0;
        while (!stopping.IsCancellationRequested)
        {
            var startedAt = time.GetTimestamp();
            try
            {
                State = new(false, $"waiting for the broker: {broker.LastError ?? "connecting"}");
                var connection = await broker.GetAsync(stopping);
                await declare(connection, stopping);
                await using (var session = await ConsumerSession.OpenAsync(connection, queue, settings, processor, _slots, time, logger, stopping))
                {
                    State = new(true, "consuming");
                    LogMessages.Consuming(logger, queue, settings.Concurrency, settings.Prefetch);
                    await session.RunAsync(stopping, givingUp);
                    if (session.Paused)
                    {
                        State = new(false, "paused: the database cannot be reached");
                        LogMessages.ConsumerPaused(logger, queue);
                    }
                    else if (!stopping.IsCancellationRequested)
                    {
                        State = new(false, $"interrupted: {session.EndReason}");
                        LogMessages.ConsumerInterrupted(logger, queue, session.EndReason);
                    }
                }

                await processor.WaitUntilAbleAsync(stopping);
                failures = time.GetElapsedTime(startedAt) > Backoff.Stable ? 0 : failures + 1;
                if (failures > 1)
                {
                    await Task.Delay(DelayAfter(failures), time, stopping);
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                failures = time.GetElapsedTime(startedAt) > Backoff.Stable ? 1 : failures + 1;
                var delay = DelayAfter(failures);
                State = new(false, $"failing: {exception.Message}");
                LogMessages.ConsumeFailed(logger, queue, delay, exception);
                await Task.Delay(delay, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        State = new(false, "stopped");
    }

    private static TimeSpan DelayAfter(int failures) =>
        Backoff.Delay(failures, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10), Random.Shared.NextDouble());
}
