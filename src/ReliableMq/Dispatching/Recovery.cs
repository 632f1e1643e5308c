using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using ReliableMq.Broker;
using ReliableMq.Diagnostics;
using ReliableMq.Outbox;

namespace ReliableMq.Dispatching;

/// <summary>
/// Calls back what was set aside for destinations that take messages again. Apart from everything else, because
/// there may be millions of rows.
/// </summary>
internal sealed class Recovery(OutboxTable table, Action offered, string context, TimeProvider time, ILogger logger)
{
    private const int BatchSize = 5_000;

    private readonly Channel<Destination> _recovered = Channel.CreateUnbounded<Destination>(new UnboundedChannelOptions { SingleReader = true });

    public void Add(Destination destination) => _recovered.Writer.TryWrite(destination);

    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            await foreach (var destination in _recovered.Reader.ReadAllAsync(stopping))
            {
                LogMessages.DestinationRecovered(logger, destination.Exchange, destination.RoutingKey);
                await HurryAsync(destination, stopping);
            }
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            // What is still aside comes back by itself.
        }
    }

    private async Task HurryAsync(Destination destination, CancellationToken stopping)
    {
        var after = Guid.Empty;
        for (var failures = 0; ;)
        {
            try
            {
                var (rows, keys) = await table.HurryAsync(destination, after, BatchSize, stopping);
                offered();
                if (rows.Count < BatchSize && keys < BatchSize)
                {
                    return;
                }

                after = rows.Count > 0 ? rows[^1] : after;
            }
            catch (Exception exception) when (!stopping.IsCancellationRequested)
            {
                var delay = Backoff.Delay(++failures, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5), Random.Shared.NextDouble());
                LogMessages.DispatchFailed(logger, context, delay, exception);
                await Task.Delay(delay, time, stopping);
            }
        }
    }
}
