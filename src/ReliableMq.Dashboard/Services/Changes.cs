using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;
using ReliableMq.Dashboard.Contract;

namespace ReliableMq.Dashboard.Services;

/// <summary>
/// Tells everybody who listens what has changed. One loop asks for all of them, only while somebody listens: each service
/// one statement over the statistics of its tables, which costs the same however many rows there are, and together at
/// most <see cref="MostStatements"/> of them a second.
/// </summary>
internal sealed class Changes(KnownServices services, TimeProvider time, ILogger<Changes> logger)
{
    private const int MostStatements = 4;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<Channel<Change>, bool> _listeners = [];
    private readonly Lock _starting = new();
    private Task? _asking;

    /// <summary>How often a service was asked.</summary>
    public long Asked { get; private set; }

    public bool IsAsking => _asking is { IsCompleted: false };

    /// <summary>Listens until the token ends. Whoever does not keep up is told less, not later.</summary>
    public async IAsyncEnumerable<Change> ListenAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateBounded<Change>(new BoundedChannelOptions(100) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        lock (_starting)
        {
            _listeners[channel] = true;
            if (!IsAsking)
            {
                _asking = Task.Run(AskAsync, CancellationToken.None);
            }
        }

        try
        {
            await foreach (var change in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return change;
            }
        }
        finally
        {
            _listeners.TryRemove(channel, out _);
        }
    }

    private async Task AskAsync()
    {
        var known = new Dictionary<string, Dictionary<string, long>>(StringComparer.Ordinal);
        while (true)
        {
            lock (_starting)
            {
                if (_listeners.IsEmpty)
                {
                    _asking = null;
                    return;
                }
            }

            var all = services.All;
            Asked += all.Count;
            var answers = await Reading.AskAsync(all, (service, connection, token) => TableStatistics(service, connection, token), CancellationToken.None);
            foreach (var (service, now) in answers.All)
            {
                if (known.TryGetValue(service.Name, out var before) && AreasOf(before, now) is { Count: > 0 } areas)
                {
                    Tell(new Change(service.Name, areas));
                }

                known[service.Name] = now;
            }

            foreach (var other in answers.Unreadable.Where(other => known.Remove(other.Service)))
            {
                logger.LogDebug("The database of {Service} is not followed: {Error}", other.Service, other.Error);
                Tell(new Change(other.Service, [Area.Database]));
            }

            await Task.Delay(Interval * Math.Max(1, (all.Count + MostStatements - 1) / MostStatements), time, CancellationToken.None);
        }
    }

    private void Tell(Change change)
    {
        foreach (var listener in _listeners.Keys)
        {
            listener.Writer.TryWrite(change);
        }
    }

    private static async Task<Dictionary<string, long>> TableStatistics(KnownService service, NpgsqlConnection connection, CancellationToken cancellationToken) =>
        (await new Statement().With("schema", service.Schema).ReadAsync(
            connection, "SELECT relname::text, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables WHERE schemaname = @schema", reader => (reader.GetString(0), reader.GetInt64(1)), cancellationToken))
        .ToDictionary(row => row.Item1, row => row.Item2, StringComparer.Ordinal);

    private static List<Area> AreasOf(Dictionary<string, long> before, Dictionary<string, long> now) =>
        [.. now.Where(table => before.GetValueOrDefault(table.Key) != table.Value).Select(table => AreaOf(table.Key)).OfType<Area>().Distinct().Order()];

    private static Area? AreaOf(string table) => table switch
    {
        "outbox" or "outbox_history" => Area.Outbox,
        "inbox" or "failure" or "parked" => Area.Inbox,
        "dead_letter" or "replay" => Area.DeadLetters,
        "consumer_setting" => Area.Queues,
        "alert" or "alert_raise" or "alert_telling" => Area.Alerts,
        "scheduled_work" => Area.Schedule,
        // Heartbeats come all the time; who needs them asks now and then.
        _ => null,
    };
}
