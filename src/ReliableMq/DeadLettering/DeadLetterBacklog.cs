using Microsoft.Extensions.Logging;
using ReliableMq.Alerting;
using ReliableMq.Broker;
using ReliableMq.Broker.Topology;
using ReliableMq.Diagnostics;
using ReliableMq.Handling;
using ReliableMq.Hosting;
using ReliableMq.Scheduling;
using ReliableMq.Storage;

namespace ReliableMq.DeadLettering;

/// <summary>
/// Looks for dead letters that are stuck on the broker: in their queue, where nobody takes them, or before it, where the
/// broker cannot bring them. Nobody would hear of them, because alerts are raised where they are stored.
/// </summary>
internal sealed class DeadLetterBacklog(
    HandlerRegistry handlers, ServiceDatabases databases, BrokerConnections connections, ConsumerHost consumers, ReliableMqOptions options,
    IBrokerCredentialsProvider credentials, QuietLogger<DeadLetterBacklog> logger) : IScheduledWork, IDisposable
{
    /// <summary>Fewer looks in a row, a minute apart, are what a storm takes to be stored.</summary>
    private const int Patience = 5;

    private readonly ManagementClient? _management = options.Broker.ManagementUrl is { } url ? new ManagementClient(options.Broker, url, credentials) : null;
    private readonly Dictionary<string, int> _looks = new(StringComparer.Ordinal);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private IReadOnlyList<string> _stuck = [];

    public string Name => "dead-letter-backlog";

    public TimeSpan Interval => TimeSpan.FromMinutes(1);

    /// <summary>What was stuck at the last look.</summary>
    public IReadOnlyList<string> Stuck => _stuck;

    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (!connections.Consuming.IsOpen || connections.Consuming.Blocked is not null)
        {
            return;
        }

        var stuck = new List<string>();
        foreach (var queue in handlers.Queues)
        {
            var inbox = databases.InboxOf(queue.Settings);
            var raises = new List<AlertRaise>();
            var waiting = await CountAsync(queue.Topology.DeadLetterQueue, cancellationToken);
            // Those of handlers without a database are taken by nobody, so there is nothing to be patient for.
            if (IsStuck(queue.Topology.DeadLetterQueue, waiting, inbox is null ? 1 : Patience))
            {
                raises.Add(Raise(queue.Topology.DeadLetterQueue, inbox is null
                    ? $"{waiting} dead letter(s) of handlers without a database wait in the queue \"{queue.Topology.DeadLetterQueue}\". Take them from there."
                    : $"{waiting} dead letter(s) wait in the queue \"{queue.Topology.DeadLetterQueue}\" and are not stored: {StateOf(queue.Topology.DeadLetterQueue)}."));
            }

            var held = _management is null ? 0 : await HeldAsync(queue.Topology.Queue, cancellationToken);
            if (IsStuck(queue.Topology.Queue, held, Patience))
            {
                raises.Add(Raise(queue.Topology.Queue,
                    $"{held} dead letter(s) are held by the queue \"{queue.Topology.Queue}\", because the broker cannot bring them to \"{queue.Topology.DeadLetterQueue}\". Look for a queue that is missing, full, or without a quorum."));
            }

            // Those of handlers without a database are counted by the health check itself.
            stuck.AddRange(raises.Where(_ => inbox is not null).Select(raise => raise.Text));
            await RaiseAsync(raises, inbox, cancellationToken);
        }

        _stuck = stuck;
    }

    private bool IsStuck(string queue, long count, int patience)
    {
        _looks[queue] = count == 0 ? 0 : _looks.GetValueOrDefault(queue) + 1;
        if (count == 0)
        {
            _told.Remove(queue);
        }

        return _looks[queue] >= patience;
    }

    private static AlertRaise Raise(string queue, string text) => new(AlertKinds.DeadLetterBacklog, queue, AlertSeverity.Error, text);

    private string StateOf(string deadLetterQueue) =>
        consumers.Consumers.FirstOrDefault(consumer => consumer.Queue == deadLetterQueue)?.State.Description ?? "nobody consumes it";

    /// <summary>In the first database that takes it: the queue's own may be why they are stuck. With none the log has to do.</summary>
    private async Task RaiseAsync(List<AlertRaise> raises, ServiceDatabase? inbox, CancellationToken cancellationToken)
    {
        if (raises.Count == 0)
        {
            return;
        }

        foreach (var database in databases.Ready.OrderByDescending(database => database == inbox))
        {
            try
            {
                await using var session = await database.OpenAsync(cancellationToken);
                await database.Alerts.RaiseAsync(session.Connection, raises, cancellationToken);
                return;
            }
            catch (Exception) when (!cancellationToken.IsCancellationRequested)
            {
                // The next one.
            }
        }

        foreach (var raise in raises.Where(raise => _told.Add(raise.Group)))
        {
            LogMessages.DeadLettersStuck(logger, raise.Text);
        }
    }

    /// <summary>Where the queue does not exist, there is nothing in it; the check of the topology tells that.</summary>
    private async Task<long> CountAsync(string queue, CancellationToken cancellationToken)
    {
        var count = 0L;
        await TopologyProbe.AskAsync(
            await connections.Consuming.GetAsync(cancellationToken),
            async channel => count = (await channel.QueueDeclarePassiveAsync(queue, cancellationToken)).MessageCount, cancellationToken);
        return count;
    }

    private async Task<long> HeldAsync(string queue, CancellationToken cancellationToken)
    {
        try
        {
            return (await _management!.BacklogAsync(queue, cancellationToken))?.Held ?? 0;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The check of the topology tells that the plugin cannot be asked.
            return 0;
        }
    }

    public void Dispose() => _management?.Dispose();
}
